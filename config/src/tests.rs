//! Every sentence a wrong setting is answered with, and the walk over all settings.

use std::io::Write as _;

use crate::load::leaves;
use crate::{AnswererChoice, Settings, reference_markdown};

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
fn the_names_of_existing_deployments_are_understood() {
    let settings = load(None, &[("REDIS_URL", "redis://r"), ("GEMINI_API_KEY", "k")]).unwrap();
    assert_eq!(settings.redis.url.reveal(), Some("redis://r"));
    assert_eq!(settings.answers.answerer, AnswererChoice::Llm);
    let own = [("GEMINI_API_KEY", "k"), ("HSC__ANSWERS__ANSWERER", "extractive")];
    assert_eq!(load(None, &own).unwrap().answers.answerer, AnswererChoice::Extractive);
}

#[test]
fn lists_come_from_the_environment_parted_by_commas() {
    let settings =
        load(None, &[("HSC__SERVER__ALLOWED_ORIGINS", "https://a.example, https://b.example")])
            .unwrap();
    assert_eq!(settings.server.allowed_origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn a_wrong_value_is_named_with_its_source_and_what_was_expected() {
    let cases: [(Option<&str>, &[(&str, &str)], &str); 8] = [
        (
            None,
            &[("HSC__SERVER__PORT", "eight")],
            "server.port = \"eight\" (from HSC__SERVER__PORT): expected a whole number that is not negative and not larger than the setting can hold",
        ),
        (
            Some("[server]\nport = 70000\n"),
            &[],
            "server.port = 70000 (from hsc.toml): expected a whole number that is not negative and not larger than the setting can hold",
        ),
        (
            Some("[answers]\nanswerer = \"oracle\"\n"),
            &[],
            "answers.answerer = \"oracle\" (from hsc.toml): expected one of extractive, llm",
        ),
        (
            Some("[answers]\nmin_confidence = 2\n"),
            &[],
            "answers.min_confidence = 2 (from hsc.toml): expected 0 to 1",
        ),
        (
            Some("[server]\nprot = 1\n"),
            &[],
            "server.prot (from hsc.toml): there is no such setting; did you mean server.port?",
        ),
        (
            None,
            &[("HSC__ZEBRA__CROSSING", "1")],
            "zebra.crossing (from HSC__ZEBRA__CROSSING): there is no such setting; docs/configuration.md lists all",
        ),
        (
            Some("[answers.llm]\napi_key = 12345\n"),
            &[],
            "answers.llm.api_key = *** (from hsc.toml): expected text",
        ),
        (
            None,
            &[("HSC__CATALOG__WATCH", "maybe")],
            "catalog.watch = \"maybe\" (from HSC__CATALOG__WATCH): expected true or false",
        ),
    ];
    for (file, env, sentence) in cases {
        assert_eq!(load(file, env).unwrap_err(), sentence);
    }
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_named() {
    let missing =
        Settings::load(Some(std::path::Path::new("/no/such.toml")), []).unwrap_err().to_string();
    assert!(missing.starts_with("/no/such.toml: cannot read the settings: "), "{missing}");
    let broken = load(Some("[server\n"), &[]).unwrap_err();
    assert!(broken.starts_with("hsc.toml: not TOML: ") && !broken.contains('\n'), "{broken}");
}

#[test]
fn secrets_are_never_shown() {
    let settings =
        load(None, &[("GEMINI_API_KEY", "verysecret"), ("REDIS_URL", "redis://u:pw@h")]).unwrap();
    let shown = format!("{settings:?}{}", toml::to_string(&settings).unwrap());
    assert!(!shown.contains("verysecret") && !shown.contains("pw"), "{shown}");
}

#[test]
fn every_setting_stands_in_the_defaults_with_a_reason_and_in_the_documentation() {
    let typed = toml::Table::try_from(load(None, &[]).unwrap()).unwrap();
    let mut of_types = Vec::new();
    walk("", &typed, &mut of_types);
    let mut of_file: Vec<String> = leaves().into_iter().map(|(key, _)| key).collect();
    of_types.sort();
    of_file.sort();
    assert_eq!(of_types, of_file);
    let page = reference_markdown();
    for key in of_file {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap();
        assert!(!row.ends_with("|  |"), "{key} has no comment");
    }
    let written =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md"))
            .unwrap();
    assert_eq!(written, page, "docs/configuration.md is stale: run `make docs`");
}

fn walk(prefix: &str, table: &toml::Table, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => walk(&key, inner, keys),
            _ => keys.push(key),
        }
    }
}
