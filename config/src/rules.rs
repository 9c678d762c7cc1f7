//! The valid values of each setting.
//!
//! Each setting has one line here; a test compares them with `default.toml`. The same line checks a
//! value, describes valid values in errors, and appears in `docs/configuration.md`. Upper
//! bounds catch a wrong unit (seconds for milliseconds, bytes for MiB); they are not limits of the server.

use std::net::IpAddr;

use ipnet::IpNet;
use strum::VariantNames as _;
use toml::{Table, Value};

use crate::origin;
use crate::{
    AnswererChoice, GiveUpChoice, Isolate, LogFormat, LogLevel, OcrChoice, PoolerChoice, Settings,
    WEBHOOK_EVENTS, WebhookEndpoint,
};

/// The valid values of a setting.
pub(crate) enum Rule {
    /// A whole number in this range, inclusive.
    Whole(i64, i64),
    /// A number from 0 to 1.
    Share,
    /// `true` or `false`.
    Truth,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text that passes a check, and the description of that check.
    Text(fn(&str) -> bool, &'static str),
    /// A list of texts that each pass a check, and the description of that check.
    Texts(fn(&str) -> bool, &'static str),
    /// A list of tables that each pass a check, and the description of that check.
    Tables(fn(&Table) -> bool, &'static str),
}
use Rule::{OneOf, Share, Tables, Text, Texts, Truth, Whole};

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

const HOURS: Rule = Text(hours, "hours, such as 09:00-12:00, 13:00-17:00, or nothing");
const ADMIN_TOKEN: Rule = Text(
    admin_token,
    "at least 32 printable ASCII characters without a space, e.g. made by: openssl rand -hex 32, or nothing",
);
const FOLDER: Rule = Text(any, "the path of a folder, or nothing");
const PEM_FILE: Rule = Text(any, "the path of a PEM file, or nothing");
const HTTP_URL: Rule =
    Text(http_url_or_none, "an address that begins with http:// or https://, or nothing");
const VISITOR_KEY: Rule =
    Text(any, "a secret of at least 32 characters, a public key as PEM, or nothing");
const ENTRIES: Rule = Whole(0, 10_000_000);
const BYTES: Rule = Whole(1, 1_024 * GIB);
const TTL: Rule = Whole(1, 365 * DAY);

/// The rule of every setting, in the order of `default.toml`.
const RULES: &[(&str, Rule)] = &[
    ("server.host", Text(filled, "an address such as 127.0.0.1 or 0.0.0.0")),
    // Port 0 lets the system choose a free one, for tests.
    ("server.port", Whole(0, 65_535)),
    ("server.workers", Whole(0, 1_024)),
    // Under 4 KiB the longest question of part 1 (2,000 characters) would not fit.
    ("server.max_message_bytes", Whole(4 * KIB, 64 * MIB)),
    ("server.ping_interval_ms", Whole(100, 10 * MINUTE)),
    ("server.idle_timeout_ms", Whole(200, 60 * MINUTE)),
    // One prediction of ten whole products is about 13 KB.
    ("server.outgoing_queue_bytes", Whole(16 * KIB, GIB)),
    ("server.messages_per_second", Whole(1, 100_000)),
    ("server.message_burst", Whole(1, 100_000)),
    ("server.small_frames_per_second", Whole(1, 100_000)),
    ("server.message_deadline_ms", Whole(100, 60 * MINUTE)),
    ("server.queued_bytes", Whole(64 * KIB, 1_024 * GIB)),
    ("server.unfinished_message_bytes", Whole(64 * KIB, 1_024 * GIB)),
    ("server.close_timeout_ms", Whole(100, MINUTE)),
    // Whether it can be an origin at all is checked in `cross_validate`, which returns the reason.
    (
        "server.allowed_origins",
        Texts(
            filled,
            "an origin as browsers send it (scheme://host or scheme://host:port), null, or *",
        ),
    ),
    (
        "server.trusted_proxies",
        Texts(
            trusted_network,
            "an address or a network such as 10.0.0.0/8 or 2001:db8::/32, without bits after the prefix, and no \
             prefix of length 0, which would let every client name its own address",
        ),
    ),
    (
        "server.frame_ancestors",
        Texts(
            frame_ancestor,
            "self, or http:// or https:// with a host and no path, the host perhaps with *. before it",
        ),
    ),
    (
        "server.public_url",
        Text(public_url, "http:// or https:// with a host and no path, or nothing"),
    ),
    (
        "server.pod_name",
        Text(pod_name, "at most 64 letters, digits, dots, dashes and underscores, or nothing"),
    ),
    (
        "server.advertise",
        Text(advertised, "a host name or host:port, without scheme and path, or nothing"),
    ),
    (
        "server.operations_listen",
        Text(listened, "an address and a port, such as 127.0.0.1:9090 or [::]:9090, or nothing"),
    ),
    ("server.max_connections", Whole(0, 1_000_000)),
    ("server.max_connections_per_address", Whole(0, 1_000_000)),
    // Under a tenth of a second a request of two packets would be too late.
    ("server.header_timeout_ms", Whole(100, 10 * MINUTE)),
    ("server.keep_alive_ms", Whole(100, 60 * MINUTE)),
    ("server.body_timeout_ms", Whole(100, 60 * MINUTE)),
    ("server.body_bytes_per_second", Whole(0, GIB)),
    ("server.write_timeout_ms", Whole(100, 60 * MINUTE)),
    ("server.proxy_protocol", Truth),
    ("server.drain_timeout_ms", Whole(0, 10 * MINUTE)),
    ("server.tls.cert", PEM_FILE),
    ("server.tls.key", PEM_FILE),
    ("catalog.dir", Text(filled, "the path of a folder")),
    ("catalog.watch", Truth),
    ("catalog.watch_debounce_ms", Whole(0, MINUTE)),
    ("manuals.max_bytes", Whole(1, 4 * GIB)),
    ("manuals.max_pages", Whole(1, 100_000)),
    ("manuals.fetch_timeout_ms", Whole(1, 10 * MINUTE)),
    ("manuals.connect_timeout_ms", Whole(1, 10 * MINUTE)),
    ("manuals.retries", Whole(0, 10)),
    ("manuals.retry_base_ms", Whole(0, MINUTE)),
    ("manuals.max_redirects", Whole(0, 20)),
    ("manuals.user_agent", Text(header, "text in printable ASCII, because it is an HTTP header")),
    ("manuals.allowed_hosts", Texts(host, "a host name or host:port, without scheme and path")),
    ("manuals.extract_timeout_ms", Whole(1, 10 * MINUTE)),
    // The reading process itself needs most of 128 MiB before it has opened a file.
    ("manuals.extract_memory_bytes", Whole(128 * MIB, 64 * GIB)),
    ("manuals.extract_max_text_bytes", Whole(1, GIB)),
    ("manuals.html_max_nodes", Whole(1_000, 100_000_000)),
    ("manuals.html_max_depth", Whole(32, 10_000)),
    // The parser buffers the beginning of a tag before it knows that it is one; it may look like 32 attributes.
    ("manuals.html_max_attributes", Whole(64, 10_000)),
    ("manuals.isolate", OneOf(Isolate::VARIANTS)),
    ("manuals.cache_dir", FOLDER),
    ("manuals.revalidate_after_ms", Whole(0, 365 * DAY)),
    ("manuals.ocr.enabled", OneOf(OcrChoice::VARIANTS)),
    ("manuals.ocr.command", Text(filled, "the name or the path of a program")),
    ("manuals.ocr.languages", Texts(ocr_language, "a language as tesseract names it, such as eng")),
    // A page takes a second or two on an idle core.
    ("manuals.ocr.page_timeout_ms", Whole(100, 10 * MINUTE)),
    ("manuals.ocr.timeout_ms", Whole(100, DAY)),
    ("manuals.ocr.wait_ms", Whole(0, 10 * MINUTE)),
    ("manuals.ocr.cache_max_bytes", BYTES),
    ("answers.answerer", OneOf(AnswererChoice::VARIANTS)),
    ("answers.max_passages", Whole(1, 64)),
    ("answers.min_confidence", Share),
    ("answers.encoder.enabled", Truth),
    ("answers.encoder.dir", Text(filled, "the path of a folder")),
    ("answers.encoder.threads", Whole(1, 256)),
    ("answers.encoder.check_interval_ms", Whole(100, 24 * 60 * MINUTE)),
    ("answers.encoder.vectors_dir", FOLDER),
    ("answers.encoder.vectors_max_bytes", Whole(1, 1 << 50)),
    ("answers.answer_confidence", Share),
    ("answers.synonyms", FOLDER),
    ("answers.llm.base_url", Text(http_url, "an address that begins with http:// or https://")),
    ("answers.llm.model", Text(filled, "the name of a model")),
    ("answers.llm.api_key", Text(header, "text in printable ASCII, because it is an HTTP header")),
    ("answers.llm.timeout_ms", Whole(1, 10 * MINUTE)),
    ("answers.llm.first_token_timeout_ms", Whole(1, 10 * MINUTE)),
    ("answers.llm.max_tokens", Whole(1, 1_000_000)),
    ("answers.llm.context_chars", Whole(1, 100_000_000)),
    ("answers.llm.answers_per_minute_per_conversation", Whole(0, 1_000_000)),
    ("answers.llm.answers_per_minute_per_client", Whole(0, 1_000_000)),
    ("answers.llm.answers_per_minute", Whole(0, 1_000_000)),
    ("answers.llm.tokens_per_day_per_conversation", Whole(0, 1_000_000_000_000)),
    ("answers.llm.tokens_per_day_per_client", Whole(0, 1_000_000_000_000)),
    ("answers.llm.tokens_per_day", Whole(0, 1_000_000_000_000)),
    ("cache.shards", Whole(0, 1_024)),
    ("cache.negative_ttl_ms", Whole(0, DAY)),
    ("cache.stale_ms", Whole(0, 365 * DAY)),
    ("cache.load_timeout_ms", Whole(1, 10 * MINUTE)),
    ("cache.l2.enabled", Truth),
    // Longer values would block the shared connection for other commands.
    ("cache.l2.max_value_bytes", Whole(KIB, 64 * MIB)),
    ("cache.l2.timeout_ms", Whole(1, MINUTE)),
    ("cache.l2.wait_ms", Whole(0, 10 * MINUTE)),
    // The lock is renewed three times as often: under a tenth of a second a busy pod would lose it.
    ("cache.l2.lock_ms", Whole(100, 10 * MINUTE)),
    ("cache.manuals.entries", ENTRIES),
    ("cache.manuals.bytes", BYTES),
    ("cache.manuals.ttl_ms", TTL),
    ("cache.predictions.entries", ENTRIES),
    ("cache.predictions.bytes", BYTES),
    ("cache.predictions.ttl_ms", TTL),
    ("cache.answers.entries", ENTRIES),
    ("cache.answers.bytes", BYTES),
    ("cache.answers.ttl_ms", TTL),
    ("sessions.max", Whole(1, 1_000_000)),
    ("sessions.prefetch_confidence", Whole(0, 100)),
    ("sessions.prefetch_after_ms", Whole(0, MINUTE)),
    ("sessions.max_pending_questions", Whole(0, 1_000)),
    ("sessions.max_per_address", Whole(0, 1_000_000)),
    ("sessions.opens_per_second", Whole(0, 1_000_000)),
    ("sessions.opens_per_second_per_address", Whole(0, 1_000_000)),
    ("sessions.max_answers", Whole(1, 100_000)),
    ("sessions.max_waiting_answers", Whole(0, 1_000_000)),
    ("sessions.max_waiting_answers_per_address", Whole(0, 1_000_000)),
    // The largest picture of the protocol takes 9.8 MB and must fit into an idle pod.
    ("sessions.max_image_bytes", Whole(10 * MIB, 1_024 * GIB)),
    ("sessions.max_image_bytes_per_address", Whole(0, 1_024 * GIB)),
    ("sessions.overload_after_ms", Whole(0, MINUTE)),
    ("conversations.window", Whole(1, 100_000)),
    // Under a second a client could not reconnect in time.
    ("conversations.ttl_ms", Whole(1_000, 30 * DAY)),
    ("conversations.memory_bytes", Whole(MIB, 1_024 * GIB)),
    (
        "conversations.token_keys",
        Texts(
            key,
            "at least 32 letters, digits or signs without space and comma, e.g. made by: openssl rand -hex 32",
        ),
    ),
    ("conversations.token_ttl_ms", Whole(1_000, 30 * DAY)),
    ("desk.max_waiting", Whole(0, 100_000)),
    ("desk.max_open_per_address", Whole(0, 100_000)),
    ("desk.per_address", Whole(0, 1_000_000)),
    // Pods report three times as often: under a second a busy machine would lose its agents.
    ("desk.presence_timeout_ms", Whole(1_000, 10 * MINUTE)),
    ("desk.requeue_after_ms", Whole(1_000, DAY)),
    ("desk.answer_within_ms", Whole(0, DAY)),
    ("desk.visitor_timeout_ms", Whole(1_000, DAY)),
    ("desk.history_ttl_ms", Whole(1_000, 30 * DAY)),
    ("desk.hours.time_zone", Text(filled, "a time zone of the IANA list, such as Europe/Berlin")),
    ("desk.hours.monday", HOURS),
    ("desk.hours.tuesday", HOURS),
    ("desk.hours.wednesday", HOURS),
    ("desk.hours.thursday", HOURS),
    ("desk.hours.friday", HOURS),
    ("desk.hours.saturday", HOURS),
    ("desk.hours.sunday", HOURS),
    ("desk.hours.closed_days", Texts(filled, "days, such as 2026-12-25")),
    ("actors.threads", Whole(0, 1_024)),
    ("actors.max_restarts", Whole(0, 1_000_000)),
    ("actors.restart_window_ms", Whole(1, DAY)),
    ("actors.backoff_initial_ms", Whole(0, MINUTE)),
    ("actors.backoff_max_ms", Whole(0, 60 * MINUTE)),
    // Under a tenth of a second a busy machine would count as hung.
    ("actors.heartbeat_timeout_ms", Whole(100, 10 * MINUTE)),
    ("actors.stop_timeout_ms", Whole(1, 10 * MINUTE)),
    ("actors.mailbox_capacity", Whole(1, 1_000_000)),
    ("actors.restart_wait_ms", Whole(0, 10 * MINUTE)),
    ("actors.on_give_up", OneOf(GiveUpChoice::VARIANTS)),
    ("actors.retry_interval_ms", Whole(1, 60 * MINUTE)),
    ("chaos.enabled", Truth),
    ("admin.token", ADMIN_TOKEN),
    ("admin.previous_token", ADMIN_TOKEN),
    ("identity.session_idle_ms", Whole(1, 365 * DAY)),
    ("identity.session_ms", Whole(1, 365 * DAY)),
    ("identity.first_link_ms", Whole(1, 7 * DAY)),
    ("identity.first_link_file", Text(any, "the path of a file, or nothing")),
    ("identity.openid.issuer", HTTP_URL),
    ("identity.openid.client_id", Text(any, "our name at the provider, or nothing")),
    ("identity.openid.client_secret", Text(any, "our secret at the provider, or nothing")),
    ("identity.openid.name", Text(filled, "a name for the button")),
    ("identity.openid.role_claim", Text(filled, "the name of a claim")),
    ("identity.openid.admins", Texts(filled, "a value of the claim")),
    ("identity.openid.agents", Texts(filled, "a value of the claim")),
    ("identity.openid.allow_private", Truth),
    ("visitors.key", VISITOR_KEY),
    ("visitors.previous_key", VISITOR_KEY),
    (
        "webhooks.endpoints",
        Tables(
            endpoint,
            "{ url = \"https://…\", events = [\"all\"] or names of docs/webhooks.md, secret = \"whsec_…\" }, the \
             secret made by: echo whsec_$(openssl rand -base64 32); previous_secret may stand beside it",
        ),
    ),
    ("webhooks.allowed_hosts", Texts(host, "a host or host:port, without scheme and path")),
    ("webhooks.max_attempts", Whole(1, 100)),
    ("webhooks.backoff_initial_ms", Whole(0, DAY)),
    ("webhooks.backoff_max_ms", Whole(1, 7 * DAY)),
    ("webhooks.timeout_ms", Whole(10, 10 * MINUTE)),
    ("webhooks.concurrency", Whole(1, 1_000)),
    (
        "redis.url",
        Text(
            redis_url,
            "an address that begins with redis://, rediss://, redis+sentinel://, redis+cluster:// or \
             unix://, or nothing",
        ),
    ),
    ("redis.required_for_ready", Truth),
    ("redis.ca_file", Text(any, "the path of a file of certificates, or nothing")),
    ("redis.prefix", Text(redis_prefix, "1 to 64 letters, digits, dots, dashes and underscores")),
    // Under a few milliseconds a healthy Redis in another zone would count as down.
    ("redis.command_timeout_ms", Whole(5, MINUTE)),
    // Every heartbeat is a command of every pod.
    ("pods.heartbeat_ms", Whole(50, MINUTE)),
    ("pods.expires_ms", Whole(100, 10 * MINUTE)),
    (
        "archive.url",
        Text(postgres_url, "an address that begins with postgres:// or postgresql://, or nothing"),
    ),
    ("archive.pooler", OneOf(PoolerChoice::VARIANTS)),
    ("archive.path", Text(any, "the path of a file, or nothing")),
    ("archive.connections", Whole(1, 1_000)),
    ("archive.connect_timeout_ms", Whole(1, MINUTE)),
    ("archive.timeout_ms", Whole(1, 10 * MINUTE)),
    ("archive.migration_timeout_ms", Whole(1, 1_440 * MINUTE)),
    ("archive.queue_records", Whole(1, 10_000_000)),
    ("archive.queue_bytes", Whole(MIB, 64 * 1_024 * MIB)),
    ("archive.spill_dir", FOLDER),
    ("archive.spill_bytes", Whole(MIB, 64 * 1_024 * MIB)),
    ("archive.batch_records", Whole(1, 10_000)),
    ("archive.batch_delay_ms", Whole(0, MINUTE)),
    ("archive.retention_days", Whole(0, 36_500)),
    ("uploads.enabled", Truth),
    ("uploads.dir", FOLDER),
    ("uploads.max_bytes", Whole(KIB, 256 * MIB)),
    // A hundred million pixels are 400 MB during re-encoding.
    ("uploads.max_pixels", Whole(1, 100_000_000)),
    ("uploads.retention_ms", Whole(1_000, 365 * DAY)),
    ("uploads.max_total_bytes", BYTES),
    ("uploads.per_conversation", Whole(1, 100_000)),
    ("uploads.per_address", Whole(0, 1_000_000)),
    ("offline_messages.per_address", Whole(1, 100_000)),
    ("offline_messages.per_hour", Whole(1, 10_000_000)),
    ("outbound.ca_file", PEM_FILE),
    ("traces.endpoint", HTTP_URL),
    ("traces.sample_ratio", Share),
    ("traces.incoming_per_second", Whole(0, 1_000_000)),
    ("traces.timeout_ms", Whole(10, MINUTE)),
    ("log.level", OneOf(LogLevel::VARIANTS)),
    ("log.format", OneOf(LogFormat::VARIANTS)),
];

/// The rule of a key.
pub(crate) fn of(key: &str) -> Option<&'static Rule> {
    RULES.iter().find(|(name, _)| *name == key).map(|(_, rule)| rule)
}

/// Every key that has a rule.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(key, _)| *key)
}

impl Rule {
    /// Accepts a value of a file, and a whole number for a share; `None` when it breaks the rule.
    pub(crate) fn admit(&self, value: &Value) -> Option<Value> {
        let fits = match (self, value) {
            (Whole(least, most), Value::Integer(number)) => (least..=most).contains(&number),
            (Share, Value::Float(number)) => (0.0..=1.0).contains(number),
            (Share, Value::Integer(number @ 0..=1)) => return Some(Value::Float(*number as f64)),
            (Truth, Value::Boolean(_)) => true,
            (OneOf(words), Value::String(text)) => words.contains(&text.as_str()),
            (Text(passes, _), Value::String(text)) => passes(text),
            (Texts(passes, _), Value::Array(items)) => {
                items.iter().all(|item| item.as_str().is_some_and(passes))
            }
            (Tables(passes, _), Value::Array(items)) => {
                items.iter().all(|item| item.as_table().is_some_and(passes))
            }
            _ => false,
        };
        fits.then(|| value.clone())
    }

    /// Parses a text of the environment; `None` when it breaks the rule. Commas separate a list.
    pub(crate) fn parse(&self, text: &str) -> Option<Value> {
        Some(match self {
            Whole(..) => Value::Integer(text.trim().parse().ok()?),
            Share => Value::Float(text.trim().parse().ok()?),
            Truth => Value::Boolean(text.trim().parse().ok()?),
            OneOf(_) | Text(..) => Value::String(text.to_owned()),
            Texts(..) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect::<Vec<_>>()
                .into(),
            Tables(..) => format!("list = {text}").parse::<Table>().ok()?.remove("list")?,
        })
    }

    /// Valid values, as the end of the sentence "expected …".
    pub(crate) fn expected(&self) -> String {
        match self {
            Whole(least, most) => format!("a whole number from {least} to {most}"),
            Share => "a number from 0 to 1".to_owned(),
            Truth => "true or false".to_owned(),
            OneOf(words) => format!("one of {}", words.join(", ")),
            Text(_, expected) => (*expected).to_owned(),
            Texts(_, expected) => {
                format!("a list of texts (in the environment parted by commas), each {expected}")
            }
            Tables(_, expected) => {
                format!(
                    "a list of tables (in the environment as in a file: [{{…}}, {{…}}]), each {expected}"
                )
            }
        }
    }
}

fn any(_: &str) -> bool {
    true
}

fn filled(text: &str) -> bool {
    !text.trim().is_empty()
}

fn header(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The name of a language file of tesseract: it becomes an argument, and languages are joined by `+`.
fn ocr_language(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (2..=32).contains(&text.len()) && text.bytes().all(fits)
}

/// A token of 32 characters cannot be guessed within the limit on attempts, whatever the alphabet.
fn admin_token(text: &str) -> bool {
    text.is_empty() || (text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn pod_name(text: &str) -> bool {
    // It is part of channels and keys in Redis.
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    text.len() <= 64 && text.bytes().all(fits)
}

fn key(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// An endpoint of a webhook.
fn endpoint(table: &Table) -> bool {
    let text = |name: &str| table.get(name).and_then(Value::as_str);
    let events = table.get("events").and_then(Value::as_array);
    let is_event = |event: &str| event == "all" || WEBHOOK_EVENTS.contains(&event);
    text("url").is_some_and(http_url)
        && text("secret").is_some_and(signing_secret)
        && (!table.contains_key("previous_secret")
            || text("previous_secret").is_some_and(|it| it.is_empty() || signing_secret(it)))
        && events.is_some_and(|all| {
            !all.is_empty() && all.iter().all(|event| event.as_str().is_some_and(is_event))
        })
        && table.keys().all(|it| ["url", "events", "secret", "previous_secret"].contains(&&**it))
}

/// `whsec_` and at least 24 bytes in base64, the format of Standard Webhooks.
fn signing_secret(text: &str) -> bool {
    let in_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    text.strip_prefix("whsec_").is_some_and(|rest| {
        let digits = rest.trim_end_matches('=');
        rest.len() >= 32
            && rest.len() % 4 == 0
            && rest.len() - digits.len() <= 2
            && digits.bytes().all(in_base64)
    })
}

fn redis_prefix(text: &str) -> bool {
    !text.is_empty() && pod_name(text)
}

fn http_url(text: &str) -> bool {
    after_scheme(text, &["http", "https"]).is_some_and(filled)
}

fn trusted_network(text: &str) -> bool {
    network(text).is_some()
}

/// The network that a setting names, an address or an address and the length of its prefix: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`.
///
/// `None` for text that is not a network, for bits after the prefix (`10.0.0.1/8` is either a mistyped address
/// or a mistyped prefix) and for a prefix of length 0, which contains every address of the internet.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().ok()?;
    (network == network.trunc() && network.prefix_len() > 0).then_some(network)
}

fn listened(text: &str) -> bool {
    text.is_empty() || text.parse::<std::net::SocketAddr>().is_ok()
}

fn public_url(text: &str) -> bool {
    text.is_empty()
        || (after_scheme(text, &["http", "https"]).is_some() && origin::normalize(text).is_ok())
}

fn http_url_or_none(text: &str) -> bool {
    text.is_empty() || http_url(text)
}

fn postgres_url(text: &str) -> bool {
    text.is_empty() || after_scheme(text, &["postgres", "postgresql"]).is_some_and(filled)
}

/// Time ranges, or nothing. The order of start and end is checked where they are parsed.
fn hours(text: &str) -> bool {
    let time = |text: &str| {
        let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        text.trim().split_once(':').is_some_and(|(hour, minute)| digits(hour) && digits(minute))
    };
    let span =
        |text: &str| text.split_once('-').is_some_and(|(from, until)| time(from) && time(until));
    text.split(',').map(str::trim).all(|part| part.is_empty() || span(part))
}

fn redis_url(text: &str) -> bool {
    // The schemes of the redis crate, those of its fork Valkey, and those of this server for several servers. The
    // rest of the address is parsed when the server starts.
    const SCHEMES: [&str; 10] = [
        "redis",
        "rediss",
        "redis+sentinel",
        "rediss+sentinel",
        "redis+cluster",
        "rediss+cluster",
        "redis+unix",
        "unix",
        "valkey",
        "valkeys",
    ];
    text.is_empty() || after_scheme(text, &SCHEMES).is_some_and(filled)
}

/// A source of the CSP directive `frame-ancestors`. `*` alone is refused: any site could then trick
/// visitors into clicks on a hidden page.
fn frame_ancestor(text: &str) -> bool {
    let is_host = |host: &str| {
        let (name, port) =
            host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
        let name = name.strip_prefix("*.").unwrap_or(name);
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        name.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
    };
    text == "self" || after_scheme(text, &["http", "https"]).is_some_and(is_host)
}

fn host(text: &str) -> bool {
    !text.contains("://") && bare(text)
}

fn advertised(text: &str) -> bool {
    text.is_empty() || host(text)
}

fn bare(host: &str) -> bool {
    filled(host) && !host.contains(|letter: char| letter == '/' || letter.is_whitespace())
}

fn after_scheme<'a>(text: &'a str, schemes: &[&str]) -> Option<&'a str> {
    text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme)).map(|(_, rest)| rest)
}

impl Settings {
    /// Warnings about valid but unlikely combinations, each with a remedy.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let shares_key = self.conversations.token_keys.iter().any(|key| key.reveal().is_some());
        let alone = self.redis.url.reveal().is_some() && !shares_key;
        let apart = self.redis.url.reveal().is_some() && self.archive.url.reveal().is_none();
        let key = alone.then_some(
            "redis.url is set and conversations.token_keys is not: no other pod lets a client of this one \
             go on with its conversation; set the same key everywhere, e.g. made by: openssl rand -hex 32",
        );
        let archive = apart.then_some(
            "redis.url is set and archive.url is not: each pod keeps an archive of its own, with accounts \
             of its own; set the same PostgreSQL everywhere, unless this is the only pod",
        );
        key.into_iter().chain(archive).collect()
    }
}

/// Memory of the largest picture of the protocol (4 MiB) with its base64, rounded up.
const LARGEST_IMAGE: usize = 10 * 1_048_576;

/// A valid value that conflicts with another setting.
pub(crate) struct CrossValidation {
    pub(crate) key: &'static str,
    pub(crate) expected: String,
}

/// The error for this key, unless the condition holds.
fn ensure(
    holds: bool,
    key: &'static str,
    expected: impl Into<String>,
) -> Result<(), CrossValidation> {
    if holds { Ok(()) } else { Err(CrossValidation { key, expected: expected.into() }) }
}

/// Checks that involve more than one setting.
pub(crate) fn cross_validate(settings: &Settings) -> Result<(), CrossValidation> {
    let server = &settings.server;
    for pattern in server.allowed_origins.iter().filter(|pattern| **pattern != origin::ANY) {
        // It would match no request: its pages would be refused without a hint.
        origin::normalize(pattern).map_err(|why| CrossValidation {
            key: "server.allowed_origins",
            expected: format!("origins as browsers send them; no browser sends {pattern:?}: {why}"),
        })?;
    }
    // Else a healthy client, which may be silent between two pings, would be closed.
    let ping = server.ping_interval_ms;
    ensure(
        server.idle_timeout_ms > ping,
        "server.idle_timeout_ms",
        format!("more than server.ping_interval_ms, which is {ping}"),
    )?;
    // Else one client could be evicted before it reaches its own limit.
    let of_client = server.outgoing_queue_bytes;
    ensure(
        server.queued_bytes >= of_client,
        "server.queued_bytes",
        format!("at least server.outgoing_queue_bytes, which is {of_client}"),
    )?;
    // Else the largest message could never be completed.
    let message = server.max_message_bytes;
    ensure(
        server.unfinished_message_bytes >= message,
        "server.unfinished_message_bytes",
        format!("at least server.max_message_bytes, which is {message}"),
    )?;
    // Less, and the largest picture is always refused; more, and the bound of the pod comes first.
    let (of_address, of_pod) =
        (settings.sessions.max_image_bytes_per_address, settings.sessions.max_image_bytes);
    ensure(
        of_address == 0 || (LARGEST_IMAGE..=of_pod).contains(&of_address),
        "sessions.max_image_bytes_per_address",
        format!("0, or from {LARGEST_IMAGE} to sessions.max_image_bytes, which is {of_pod}"),
    )?;
    let (has_cert, has_key) = (!server.tls.cert.is_empty(), !server.tls.key.is_empty());
    ensure(
        has_cert == has_key,
        if has_key { "server.tls.cert" } else { "server.tls.key" },
        "the path of a file, because a certificate and its key go together",
    )?;
    ensure(
        !server.proxy_protocol || !server.trusted_proxies.is_empty(),
        "server.trusted_proxies",
        "the proxies that send the PROXY header, because server.proxy_protocol is true",
    )?;
    // Else a client would be refused although its conversation still exists.
    let conversations = &settings.conversations;
    ensure(
        conversations.token_ttl_ms >= conversations.ttl_ms,
        "conversations.token_ttl_ms",
        format!("at least conversations.ttl_ms, which is {}", conversations.ttl_ms),
    )?;
    let (identity, openid) = (&settings.identity, &settings.identity.openid);
    ensure(
        identity.session_idle_ms <= identity.session_ms,
        "identity.session_idle_ms",
        format!("at most identity.session_ms, which is {}", identity.session_ms),
    )?;
    let is_used = !openid.issuer.is_empty();
    ensure(
        !is_used || !openid.client_id.is_empty(),
        "identity.openid.client_id",
        "our name at the provider, because identity.openid.issuer is set",
    )?;
    ensure(
        !is_used || !openid.admins.is_empty() || !openid.agents.is_empty(),
        "identity.openid.admins",
        "a value of the claim here or in identity.openid.agents, else no account can sign in with the provider",
    )?;
    ensure(
        !openid.issuer.starts_with("http://") || openid.allow_private,
        "identity.openid.issuer",
        "https://, or identity.openid.allow_private for a provider on this machine",
    )?;
    let hooks = &settings.webhooks;
    let initial = hooks.backoff_initial_ms;
    ensure(
        hooks.backoff_max_ms >= initial,
        "webhooks.backoff_max_ms",
        format!("at least webhooks.backoff_initial_ms, which is {initial}"),
    )?;
    let is_open = |endpoint: &WebhookEndpoint| {
        after_scheme(&endpoint.url, &["http"]).is_some_and(|rest| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            !hooks.allowed_hosts.iter().any(|allowed| allowed == host || allowed == name)
        })
    };
    // Else messages of visitors would be sent unencrypted.
    ensure(
        !hooks.endpoints.iter().any(is_open),
        "webhooks.endpoints",
        "https:// in each url, or its host in webhooks.allowed_hosts",
    )?;
    let twice = |(at, endpoint): (usize, &WebhookEndpoint)| {
        hooks.endpoints.iter().take(at).any(|before| before.url == endpoint.url)
    };
    ensure(
        !hooks.endpoints.iter().enumerate().any(twice),
        "webhooks.endpoints",
        "each url once; one endpoint takes several events",
    )?;
    // One late heartbeat must not count as a death.
    let heartbeat = settings.pods.heartbeat_ms;
    ensure(
        settings.pods.expires_ms >= 3 * heartbeat,
        "pods.expires_ms",
        format!("at least three times pods.heartbeat_ms, which is {heartbeat}"),
    )?;
    let (answers, llm) = (&settings.answers, &settings.answers.llm);
    let asks_for_key = |host| llm.base_url.contains(host);
    let needs_key = answers.answerer == AnswererChoice::Llm
        && ["//generativelanguage.googleapis.com", "//api.openai.com"]
            .into_iter()
            .any(asks_for_key);
    ensure(
        !needs_key || llm.api_key.reveal().is_some(),
        "answers.llm.api_key",
        format!(
            "a key, because answers.answerer is llm and {} answers no request without one",
            llm.base_url
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one_and_host_bits_are_refused() {
        for (text, shown) in [
            ("192.0.2.7", "192.0.2.7/32"),
            (" 10.0.0.0/8 ", "10.0.0.0/8"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ] {
            assert_eq!(network(text).map(|it| it.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            "proxy",
            "10.0.0.1/8",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0:80",
        ] {
            assert_eq!(network(text), None, "{text}");
        }
    }
}
