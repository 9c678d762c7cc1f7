//! What the value of a setting may be: how it is checked, and how an error and `docs/configuration.md` describe it.
//!
//! The rule of each setting is beside its type, in the settings. Upper bounds catch a wrong unit (seconds for
//! milliseconds, bytes for MiB); they are not limits of the server.

use std::net::IpAddr;

use ipnet::IpNet;
use toml::{Table, Value};

use crate::origin;

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

pub(crate) const KIB: i64 = 1024;
pub(crate) const MIB: i64 = 1024 * KIB;
pub(crate) const GIB: i64 = 1024 * MIB;
pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;

pub(crate) const ADMIN_TOKEN: Rule = Text(
    admin_token,
    "at least 32 printable ASCII characters without a space, e.g. made by: openssl rand -hex 32, or nothing",
);
pub(crate) const ADVERTISED_HOST: Rule =
    Text(advertised, "a host name or host:port, without scheme and path, or nothing");
pub(crate) const BYTES: Rule = Whole(1, 1_024 * GIB);
pub(crate) const ENDPOINTS: Rule = Tables(
    endpoint,
    "{ url = \"https://…\", events = [\"all\"] or names of docs/webhooks.md, secret = \"whsec_…\" }, the \
     secret made by: echo whsec_$(openssl rand -base64 32); previous_secret may stand beside it",
);
pub(crate) const FOLDER: Rule = Text(filled, "the path of a folder");
pub(crate) const FOLDER_OR_NOTHING: Rule = Text(any, "the path of a folder, or nothing");
pub(crate) const FRAME_ANCESTORS: Rule = Texts(
    frame_ancestor,
    "self, or http:// or https:// with a host and no path, the host perhaps with *. before it",
);
pub(crate) const HEADER: Rule =
    Text(header, "text in printable ASCII, because it is an HTTP header");
pub(crate) const HOSTS: Rule = Texts(host, "a host name or host:port, without scheme and path");
pub(crate) const HOURS: Rule = Text(hours, "hours, such as 09:00-12:00, 13:00-17:00, or nothing");
pub(crate) const HTTP_URL: Rule = Text(http_url, "an address that begins with http:// or https://");
pub(crate) const HTTP_URL_OR_NOTHING: Rule =
    Text(http_url_or_none, "an address that begins with http:// or https://, or nothing");
pub(crate) const LISTEN_ADDRESS: Rule =
    Text(listened, "an address and a port, such as 127.0.0.1:9090 or [::]:9090, or nothing");
pub(crate) const OCR_LANGUAGES: Rule =
    Texts(ocr_language, "a language as tesseract names it, such as eng");
// Whether it can be an origin at all is checked beside the other settings, which returns the reason.
pub(crate) const ORIGINS: Rule = Texts(
    filled,
    "an origin as browsers send it (scheme://host or scheme://host:port), null, or *",
);
pub(crate) const PEM_FILE: Rule = Text(any, "the path of a PEM file, or nothing");
pub(crate) const POD_NAME: Rule =
    Text(pod_name, "at most 64 letters, digits, dots, dashes and underscores, or nothing");
pub(crate) const POSTGRES_URL: Rule =
    Text(postgres_url, "an address that begins with postgres:// or postgresql://, or nothing");
pub(crate) const PUBLIC_URL: Rule =
    Text(public_url, "http:// or https:// with a host and no path, or nothing");
pub(crate) const REDIS_PREFIX: Rule =
    Text(redis_prefix, "1 to 64 letters, digits, dots, dashes and underscores");
pub(crate) const REDIS_URL: Rule = Text(
    redis_url,
    "an address that begins with redis://, rediss://, redis+sentinel://, redis+cluster:// or unix://, or nothing",
);
pub(crate) const TOKEN_KEYS: Rule = Texts(
    key,
    "at least 32 letters, digits or signs without space and comma, e.g. made by: openssl rand -hex 32",
);
pub(crate) const TRUSTED_PROXIES: Rule = Texts(
    trusted_network,
    "an address or a network such as 10.0.0.0/8 or 2001:db8::/32, without bits after the prefix, and no \
     prefix of length 0, which would let every client name its own address",
);
pub(crate) const VISITOR_KEY: Rule =
    Text(any, "a secret of at least 32 characters, a public key as PEM, or nothing");

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

pub(crate) fn any(_: &str) -> bool {
    true
}

pub(crate) fn filled(text: &str) -> bool {
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

/// The events a webhook may subscribe to. `docs/webhooks.md` has a body of each.
pub const WEBHOOK_EVENTS: [&str; 12] = [
    "message.created",
    "handoff.requested",
    "handoff.unavailable",
    "agent.joined",
    "agent.left",
    "conversation.returned",
    "conversation.closed",
    "feedback.given",
    "rating.given",
    "message.left",
    "transcript.requested",
    "test",
];

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

pub(crate) fn host(text: &str) -> bool {
    !text.contains("://") && bare(text)
}

fn advertised(text: &str) -> bool {
    text.is_empty() || host(text)
}

fn bare(host: &str) -> bool {
    filled(host) && !host.contains(|letter: char| letter == '/' || letter.is_whitespace())
}

pub(crate) fn after_scheme<'a>(text: &'a str, schemes: &[&str]) -> Option<&'a str> {
    text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme)).map(|(_, rest)| rest)
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
