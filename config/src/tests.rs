//! The error message of every wrong setting, and the comparison of all lists of settings.

use std::io::Write as _;

use toml::{Table, Value};

use crate::load::{DEFAULTS, flatten};
use crate::rules::Rule;
use crate::{AnswererChoice, Settings, reference_markdown, settings};

fn load(file: Option<&str>, env: &[(&str, &str)]) -> Result<Settings, String> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let Some(text) = file else {
        return Settings::load(None, env).map_err(|error| error.to_string());
    };
    let mut written = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    written.write_all(text.as_bytes()).unwrap();
    let name = written.path().display().to_string();
    Settings::load(Some(written.path()), env)
        .map_err(|error| error.to_string().replace(&name, "hsc.toml"))
}

#[test]
fn the_defaults_are_settings() {
    assert_eq!(load(None, &[]).unwrap().server.port, 8000);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[server]\nport = 9001\nhost = \"0.0.0.0\"\n";
    let settings = load(Some(file), &[("HSC__SERVER__PORT", "9002")]).unwrap();
    assert_eq!((settings.server.port, settings.server.host.as_str()), (9002, "0.0.0.0"));
}

#[test]
fn an_old_name_still_works_and_is_reported_and_the_new_name_wins() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = "[letters]\nper_hour = 40\n[actors]\ninbox = 9\nmailbox_capacity = 7\n";
    file.write_all(text.as_bytes()).unwrap();
    let env = [("HSC__UPLOADS__KEEP_MS".to_owned(), "5000".to_owned())];
    let (settings, deprecated) = Settings::load_with_warnings(Some(file.path()), env).unwrap();
    assert_eq!(settings.offline_messages.per_hour, 40);
    assert_eq!(settings.actors.mailbox_capacity, 7, "the new name wins");
    assert_eq!(settings.uploads.retention_ms, 5_000);
    let keys: Vec<&str> = deprecated.iter().map(|old| old.key.as_str()).collect();
    assert_eq!(keys, ["actors.inbox", "letters.per_hour", "uploads.keep_ms"]);
    assert_eq!(
        deprecated[2].to_string(),
        "uploads.keep_ms (from HSC__UPLOADS__KEEP_MS) was renamed to uploads.retention_ms; the old name still works"
    );
}

#[test]
fn the_names_of_existing_deployments_are_accepted() {
    let settings = load(None, &[("REDIS_URL", "redis://r"), ("GEMINI_API_KEY", "k")]).unwrap();
    assert_eq!(settings.redis.url.reveal(), Some("redis://r"));
    assert_eq!(settings.answers.answerer, AnswererChoice::Llm);
    let own = [("GEMINI_API_KEY", "k"), ("HSC__ANSWERS__ANSWERER", "extractive")];
    assert_eq!(load(None, &own).unwrap().answers.answerer, AnswererChoice::Extractive);
}

#[test]
fn a_key_in_the_environment_enables_the_model_unless_the_file_decides() {
    let key = [("GEMINI_API_KEY", "k")];
    let chosen = load(Some("[answers]\nanswerer = \"extractive\"\n"), &key).unwrap();
    assert_eq!(chosen.answers.answerer, AnswererChoice::Extractive);
    assert_eq!(chosen.answers.llm.api_key.reveal(), Some("k"));
    // Compose files pass unset variables on as empty ones.
    let empty = load(None, &[("GEMINI_API_KEY", ""), ("REDIS_URL", "")]).unwrap();
    assert_eq!(empty, load(None, &[]).unwrap());
}

#[test]
fn our_own_names_take_precedence_over_those_of_existing_deployments() {
    let env = [("REDIS_URL", "redis://old"), ("HSC__REDIS__URL", "rediss://new")];
    assert_eq!(load(None, &env).unwrap().redis.url.reveal(), Some("rediss://new"));
}

#[test]
fn lists_in_the_environment_are_separated_by_commas() {
    let settings =
        load(None, &[("HSC__SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example")])
            .unwrap();
    assert_eq!(settings.server.allowed_origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn a_site_that_may_frame_the_page_is_an_origin_and_never_a_wildcard_for_every_site() {
    let list = |text: &str| {
        load(None, &[("HSC__SERVER__FRAME_ANCESTORS", text)]).map(|it| it.server.frame_ancestors)
    };
    assert_eq!(load(None, &[]).unwrap().server.frame_ancestors, Vec::<String>::new());
    for good in ["self", "https://shop.example", "http://localhost:3000", "https://*.shop.example"]
    {
        assert_eq!(list(good).unwrap(), [good]);
    }
    for bad in [
        "*",
        "https://*",
        "https:",
        "'self'",
        "shop.example",
        "https://shop.example/chat",
        "https://shop.example;script-src *",
        "https://shop.example x",
        "https://shop.example:99999",
        "data:",
    ] {
        assert!(list(bad).unwrap_err().contains("server.frame_ancestors"), "{bad}");
    }
}

/// The error message for a wrong file.
fn of_file(text: &str) -> String {
    load(Some(text), &[]).unwrap_err()
}

/// The error message for a wrong variable.
fn of_variable(name: &str, value: &str) -> String {
    load(None, &[(name, value)]).unwrap_err()
}

#[test]
fn a_wrong_value_is_reported_with_its_source_and_the_expected_format() {
    for (sentence, expected) in [
        (
            of_variable("HSC__SERVER__PORT", "eight"),
            "server.port = \"eight\" (from HSC__SERVER__PORT): expected a whole number from 0 to 65535",
        ),
        (
            of_variable("HSC__SERVER__PORT", ""),
            "server.port = \"\" (from HSC__SERVER__PORT): expected a whole number from 0 to 65535",
        ),
        (
            of_file("[server]\nport = 70000\n"),
            "server.port = 70000 (from hsc.toml): expected a whole number from 0 to 65535",
        ),
        (
            of_file("[server]\nport = \"8000\"\n"),
            "server.port = \"8000\" (from hsc.toml): expected a whole number from 0 to 65535",
        ),
        (
            of_file("[cache.manuals]\nttl_ms = -1\n"),
            "cache.manuals.ttl_ms = -1 (from hsc.toml): expected a whole number from 1 to 31536000000",
        ),
        (
            of_file("[answers]\nanswerer = \"oracle\"\n"),
            "answers.answerer = \"oracle\" (from hsc.toml): expected one of extractive, llm",
        ),
        (
            of_variable("HSC__LOG__LEVEL", "loud"),
            "log.level = \"loud\" (from HSC__LOG__LEVEL): expected one of error, warn, info, debug, trace",
        ),
        (
            of_file("[answers]\nmin_confidence = 2\n"),
            "answers.min_confidence = 2 (from hsc.toml): expected a number from 0 to 1",
        ),
        (
            of_variable("HSC__ANSWERS__MIN_CONFIDENCE", "NaN"),
            "answers.min_confidence = \"NaN\" (from HSC__ANSWERS__MIN_CONFIDENCE): expected a number from 0 to 1",
        ),
        (
            of_variable("HSC__CATALOG__WATCH", "maybe"),
            "catalog.watch = \"maybe\" (from HSC__CATALOG__WATCH): expected true or false",
        ),
        (
            of_file("[answers.llm]\nbase_url = \"localhost:11434/v1\"\n"),
            "answers.llm.base_url = \"localhost:11434/v1\" (from hsc.toml): expected an address that begins with http:// or https://",
        ),
        (
            of_file("[server]\nallowed_origins = [\"https://a.example/chat\"]\n"),
            "server.allowed_origins = [\"https://a.example/chat\"] (from hsc.toml): expected origins as browsers send them; no browser sends \"https://a.example/chat\": browsers send no path, query or fragment in Origin; end it after the host or port",
        ),
        (
            of_variable("HSC__SERVER__ALLOWED_ORIGINS", "https://a.example,https://*.b.example"),
            "server.allowed_origins = [\"https://a.example\", \"https://*.b.example\"] (from HSC__SERVER__ALLOWED_ORIGINS): expected origins as browsers send them; no browser sends \"https://*.b.example\": a wildcard inside an origin is not supported; name each origin, or write * for all",
        ),
        (
            of_variable("HSC__ADMIN__TOKEN", "sesame"),
            "admin.token = *** (from HSC__ADMIN__TOKEN): expected at least 32 printable ASCII characters without a space, e.g. made by: openssl rand -hex 32, or nothing",
        ),
        (
            of_variable("HSC__SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.1/8"),
            "server.trusted_proxies = \"127.0.0.1,10.0.0.1/8\" (from HSC__SERVER__TRUSTED_PROXIES): expected a list of texts (in the environment parted by commas), each an address or a network such as 10.0.0.0/8 or 2001:db8::/32, without bits after the prefix, and no prefix of length 0, which would let every client name its own address",
        ),
        (
            of_file("server = 5\n"),
            "server = 5 (from hsc.toml): expected a section: its settings are server.…",
        ),
        (
            of_variable("HSC__ANSWERS__LLM", "gemini"),
            "answers.llm = *** (from HSC__ANSWERS__LLM): expected a section: its settings are HSC__ANSWERS__LLM.…",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
}

#[test]
fn an_unknown_setting_is_reported_with_a_suggestion() {
    for (sentence, expected) in [
        (
            of_file("[server]\nprot = 1\n"),
            "server.prot (from hsc.toml): there is no such setting; did you mean server.port?",
        ),
        (
            of_file("port = 1\n"),
            "port (from hsc.toml): there is no such setting; did you mean server.port?",
        ),
        (
            of_variable("HSC__SERVER__PROT", "1"),
            "server.prot (from HSC__SERVER__PROT): there is no such setting; did you mean HSC__SERVER__PORT?",
        ),
        (
            of_variable("HSC__ZEBRA__CROSSING", "1"),
            "zebra.crossing (from HSC__ZEBRA__CROSSING): there is no such setting; docs/configuration.md lists all",
        ),
        (
            of_file("[sevrer]\n"),
            "sevrer (from hsc.toml): there is no such setting; docs/configuration.md lists all",
        ),
    ] {
        assert_eq!(sentence, expected);
    }
}

#[test]
fn conflicting_values_are_reported_together() {
    assert_eq!(
        of_variable("HSC__SERVER__PING_INTERVAL_MS", "80000"),
        "server.idle_timeout_ms = 75000 (from the defaults): expected more than server.ping_interval_ms, which is 80000",
    );
    assert_eq!(
        of_file("[server]\nidle_timeout_ms = 20000\n"),
        "server.idle_timeout_ms = 20000 (from hsc.toml): expected more than server.ping_interval_ms, which is 20000",
    );
    for (key, value, expected) in [
        (
            "HSC__SESSIONS__MAX_IMAGE_BYTES",
            "20000000",
            "sessions.max_image_bytes_per_address = 67108864 (from the defaults): expected 0, or from 10485760 to sessions.max_image_bytes, which is 20000000",
        ),
        (
            "HSC__SESSIONS__MAX_IMAGE_BYTES_PER_ADDRESS",
            "1000000",
            "sessions.max_image_bytes_per_address = 1000000 (from HSC__SESSIONS__MAX_IMAGE_BYTES_PER_ADDRESS): expected 0, or from 10485760 to sessions.max_image_bytes, which is 268435456",
        ),
        (
            "HSC__SERVER__QUEUED_BYTES",
            "1000000",
            "server.queued_bytes = 1000000 (from HSC__SERVER__QUEUED_BYTES): expected at least server.outgoing_queue_bytes, which is 1048576",
        ),
    ] {
        assert_eq!(of_variable(key, value), expected);
    }
    assert_eq!(
        of_variable("HSC__CONVERSATIONS__TTL_MS", "100000000"),
        "conversations.token_ttl_ms = 86400000 (from the defaults): expected at least conversations.ttl_ms, which is 100000000",
    );
    assert_eq!(
        of_variable("HSC__ANSWERS__ANSWERER", "llm"),
        "answers.llm.api_key = *** (from the defaults): expected a key, because answers.answerer is llm and https://generativelanguage.googleapis.com/v1beta/openai answers no request without one",
    );
    assert_eq!(
        of_variable("HSC__IDENTITY__SESSION_MS", "1000"),
        "identity.session_idle_ms = 28800000 (from the defaults): expected at most identity.session_ms, which is 1000",
    );
    let provider =
        |more: &str| of_file(&format!("[identity.openid]\nissuer = \"http://id.example\"\n{more}"));
    assert_eq!(
        provider(""),
        "identity.openid.client_id = \"\" (from the defaults): expected our name at the provider, because identity.openid.issuer is set",
    );
    assert_eq!(
        provider("client_id = \"hsc\"\n"),
        "identity.openid.admins = [] (from the defaults): expected a value of the claim here or in identity.openid.agents, else no account can sign in with the provider",
    );
    assert_eq!(
        provider("client_id = \"hsc\"\nagents = [\"support\"]\n"),
        "identity.openid.issuer = \"http://id.example\" (from hsc.toml): expected https://, or identity.openid.allow_private for a provider on this machine",
    );
    let own = [
        ("HSC__ANSWERS__ANSWERER", "llm"),
        ("HSC__ANSWERS__LLM__BASE_URL", "http://127.0.0.1:11434/v1"),
    ];
    assert_eq!(load(None, &own).unwrap().answers.llm.api_key.reveal(), None);
}

#[test]
fn no_error_message_contains_a_secret() {
    for sentence in [
        of_variable("REDIS_URL", "hush://user:hush@host"),
        of_variable("GEMINI_API_KEY", "hush\n"),
        of_file("[answers.llm]\napi_key = 12345678\n"),
        of_file("[answers.llm]\napi_key = \"hush\n"),
        of_file("[answers]\nllm = \"hush\"\n"),
        of_variable("HSC__ANSWERS", "hush"),
    ] {
        assert!(!sentence.contains("hush") && !sentence.contains("12345678"), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

#[test]
fn a_missing_or_invalid_file_is_reported() {
    let missing =
        Settings::load(Some(std::path::Path::new("/no/such.toml")), []).unwrap_err().to_string();
    assert!(missing.starts_with("/no/such.toml: cannot read the settings: "), "{missing}");
    let broken = of_file("# a comment\n[server]\nport == 1\n");
    assert!(broken.starts_with("hsc.toml: not TOML: line 3, column 7: "), "{broken}");
}

#[test]
fn secrets_are_never_shown() {
    let settings =
        load(None, &[("GEMINI_API_KEY", "verysecret"), ("REDIS_URL", "redis://u:pw@h")]).unwrap();
    let shown = format!("{settings:?}{}", settings.masked());
    assert!(!shown.contains("verysecret") && !shown.contains("pw"), "{shown}");
    assert!(settings.masked().contains("api_key = \"***\""), "{shown}");
}

#[test]
fn an_invalid_endpoint_is_refused_without_its_secret() {
    let secret = format!("whsec_{}", "c2Vj".repeat(8));
    let endpoints = |url: &str, events: &str, secret: &str| {
        let one = format!(r#"[{{url="{url}",events=[{events}],secret="{secret}"}}]"#);
        load(None, &[("HSC__WEBHOOKS__ENDPOINTS", one.as_str())])
    };
    let (url, all) = ("https://a.example/hook", r#""all""#);
    assert!(endpoints(url, all, &secret).is_ok());
    assert!(endpoints(url, r#""rating.given", "test""#, &secret).is_ok());
    for wrong in [
        endpoints(url, all, "whsec_hush"),
        endpoints(url, all, &secret[6..]),
        endpoints(url, r#""rating""#, &secret),
        endpoints(url, "", &secret),
        endpoints("a.example", all, &secret),
        endpoints("http://a.example/hook", all, &secret),
    ] {
        let message = wrong.unwrap_err();
        assert!(message.starts_with("webhooks.endpoints = ***"), "{message}");
        assert!(!message.contains("hush") && !message.contains("c2Vj"), "{message}");
    }
}

#[test]
fn pods_without_a_shared_key_get_a_warning() {
    let warnings = |env: &[(&str, &str)]| load(None, env).unwrap().warnings().len();
    let key = "k".repeat(32);
    assert_eq!(warnings(&[]), 0);
    let apart = [("REDIS_URL", "redis://r"), ("DATABASE_URL", "postgres://h/d")];
    assert_eq!(warnings(&apart), 1);
    let both = [
        ("REDIS_URL", "redis://r"),
        ("DATABASE_URL", "postgres://h/d"),
        ("HSC__CONVERSATIONS__TOKEN_KEYS", key.as_str()),
    ];
    assert_eq!(warnings(&both), 0);
    assert!(!load(None, &both).unwrap().masked().contains(&key));
}

#[test]
fn pods_with_separate_archives_get_a_warning() {
    let key = "k".repeat(32);
    let each = [("REDIS_URL", "redis://r"), ("HSC__CONVERSATIONS__TOKEN_KEYS", key.as_str())];
    assert_eq!(load(None, &each).unwrap().warnings().len(), 1);
}

#[test]
fn a_key_that_is_too_short_is_refused_without_its_value() {
    let message = of_variable("HSC__CONVERSATIONS__TOKEN_KEYS", "short");
    assert!(message.contains("openssl rand -hex 32") && !message.contains("short"), "{message}");
}

/// Every key of the defaults and its value, in order.
fn leaves() -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    flatten("", &DEFAULTS.parse().unwrap(), &mut leaves);
    leaves
}

#[test]
fn types_defaults_and_rules_have_the_same_settings() {
    let typed = Table::try_from(load(None, &[]).unwrap()).unwrap();
    let mut of_types = Vec::new();
    flatten("", &typed, &mut of_types);
    let mut of_types: Vec<String> = of_types.into_iter().map(|(key, _)| key).collect();
    let mut of_file: Vec<String> = leaves().into_iter().map(|(key, _)| key).collect();
    let mut of_rules: Vec<String> = settings::keys().map(str::to_owned).collect();
    of_types.sort();
    of_file.sort();
    of_rules.sort();
    assert_eq!(of_types, of_file);
    assert_eq!(of_rules, of_file);
}

#[test]
fn every_default_passes_its_own_rule() {
    for (key, value) in leaves() {
        let rule = settings::rule_of(&key).unwrap();
        assert_eq!(rule.admit(&value), Some(value), "{key}: {}", rule.expected());
    }
}

#[test]
fn every_admitted_value_fits_into_its_type() {
    for key in settings::keys() {
        let written: Vec<String> = match settings::rule_of(key).unwrap() {
            Rule::Whole(least, most) => vec![least.to_string(), most.to_string()],
            Rule::Share => vec!["0".to_owned(), "1".to_owned(), "0.25".to_owned()],
            Rule::Truth => vec!["true".to_owned(), "false".to_owned()],
            Rule::OneOf(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Rule::Text(..) => [
                "https://a.example",
                "redis://r",
                "postgres://h/d",
                "pod-1",
                "09:00-17:00",
                "127.0.0.1:9090",
                "0123456789abcdef0123456789abcdef",
            ]
            .map(str::to_owned)
            .into(),
            Rule::Tables(..) => {
                let secret = format!("whsec_{}", "c2Vj".repeat(8));
                vec![
                    "[]".to_owned(),
                    format!(r#"[{{url="https://a.example",events=["all"],secret="{secret}"}}]"#),
                ]
            }
            Rule::Texts(..) => {
                vec![
                    "https://a.example".to_owned(),
                    "a.example:80".to_owned(),
                    "10.0.0.0/8".to_owned(),
                    "k".repeat(32),
                ]
            }
        };
        let mut admitted = 0;
        for text in written {
            let Some(value) = settings::rule_of(key).unwrap().parse(&text) else { continue };
            let Some(value) = settings::rule_of(key).unwrap().admit(&value) else { continue };
            admitted += 1;
            let mut tree: Table = DEFAULTS.parse().unwrap();
            let mut parts: Vec<&str> = key.split('.').collect();
            let last = parts.pop().unwrap();
            let section = parts.iter().fold(&mut tree, |table, part| {
                table.get_mut(*part).unwrap().as_table_mut().unwrap()
            });
            section.insert(last.to_owned(), value);
            let fits: Result<Settings, _> = tree.try_into();
            assert!(fits.is_ok(), "{key} = {text}: {fits:?}");
        }
        assert!(admitted > 0, "{key} was not tried");
    }
}

#[test]
fn every_setting_has_a_reason_and_is_documented() {
    let page = reference_markdown();
    for (key, _) in leaves() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells.len() == 6 && cells[3].len() > 10, "{key} has no comment, or a | in it");
        let unit = ["_ms", "_bytes"].into_iter().find(|unit| key.ends_with(unit));
        let is_named = match unit {
            Some("_ms") => cells[3].contains("millisecond"),
            Some(_) => cells[3].to_lowercase().contains("byte"),
            None => true,
        };
        assert!(is_named, "{key} does not say its unit");
    }
    let written =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md"))
            .unwrap();
    assert_eq!(written, page, "docs/configuration.md is stale: run `make docs`");
}
