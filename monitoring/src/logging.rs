//! The format of a log line: JSON for machines, text for a terminal.
//!
//! Never customer text at `info` or above: ids, codes and numbers only. Customer text may
//! appear at `debug`, which no deployment uses. Error texts of libraries and other servers are masked.

use std::backtrace::BacktraceStatus;
use std::io::{IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use env_logger::fmt::Formatter;
use hsc_config::{LogFormat, LogLevel, LogSettings};
use log::kv::{Key, Value, VisitSource, VisitValue};
use log::{LevelFilter, Record};
use serde_json::{Map, Value as Json};

use crate::masking::mask;

/// Starts logging to standard error. `RUST_LOG`, when set, takes precedence over the settings.
///
/// # Errors
/// When a logger was set before.
pub fn init(settings: &LogSettings) -> Result<(), log::SetLoggerError> {
    let json = match settings.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level(settings.level));
    // These log every connection.
    for (module, level) in [
        ("actix_server", LevelFilter::Warn),
        // It reports each malformed request as an error of the server. The listener counts them and logs at debug.
        ("actix_http", LevelFilter::Off),
        ("rustls", LevelFilter::Error),
        // PostgreSQL sends a notice for every table that exists already.
        ("sqlx", LevelFilter::Warn),
    ] {
        builder.filter_module(module, level);
    }
    builder.parse_default_env();
    if json {
        builder.format(|out, record| {
            writeln!(out, "{}", json_line(record, &jiff::Timestamp::now().to_string()))
        });
    } else {
        builder.format(text_line);
    }
    builder.try_init()?;
    if json {
        std::panic::set_hook(Box::new(log_panic));
    }
    // What the settings ask for by name holds for standard output too; a pipe alone is no wish for JSON there.
    OUTPUT_IS_JSON.store(settings.format == LogFormat::Json, Ordering::Relaxed);
    Ok(())
}

/// True once the log has started with `log.format = "json"`.
static OUTPUT_IS_JSON: AtomicBool = AtomicBool::new(false);

/// A panic as a line of the log, in place of the text that the standard library prints.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload_as_str().unwrap_or("a payload that is no text");
    let trace = std::backtrace::Backtrace::capture();
    let trace = match trace.status() {
        BacktraceStatus::Captured => trace.to_string(),
        _ => String::new(),
    };
    log::error!(target: "panic", thread = thread.name().unwrap_or("unnamed"), place, backtrace = trace; "panicked: {words}");
}

/// Prints a line for the person or the program that started the process on standard output: the text, or with
/// `log.format = "json"` an object with the text as `msg` and the field.
pub fn announce(text: &str, (field, value): (&str, &str)) {
    // The reader may close the pipe after the first line; that is no reason to end.
    let _ = writeln!(std::io::stdout(), "{}", announcement(text, (field, value)));
}

fn announcement(text: &str, (field, value): (&str, &str)) -> String {
    if !OUTPUT_IS_JSON.load(Ordering::Relaxed) {
        return text.to_owned();
    }
    let ts = jiff::Timestamp::now().to_string();
    serde_json::json!({ "ts": ts, "level": "info", "target": "hsc", "msg": text, field: value })
        .to_string()
}

/// The error that ends a command, for standard error. JSON where the log is, and where the environment asks for it
/// before the settings could be loaded.
pub fn fatal(error: &str) -> String {
    let is_json = OUTPUT_IS_JSON.load(Ordering::Relaxed)
        || std::env::var("HSC__LOG__FORMAT").is_ok_and(|format| format == "json");
    if !is_json {
        return format!("hsc: {error}");
    }
    let ts = jiff::Timestamp::now().to_string();
    serde_json::json!({ "ts": ts, "level": "error", "target": "hsc", "msg": error }).to_string()
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    }
}

/// One line of JSON: `ts`, `level`, `target`, `msg`, then the fields of the record.
pub fn json_line(record: &Record<'_>, timestamp: &str) -> String {
    let mut line = Map::new();
    line.insert("ts".to_owned(), timestamp.into());
    line.insert("level".to_owned(), record.level().as_str().to_lowercase().into());
    line.insert("target".to_owned(), record.target().into());
    line.insert("msg".to_owned(), mask(&record.args().to_string()).into());
    let add = |key: &str, value: &Value<'_>| {
        // A field never hides one of ours.
        line.entry(key.to_owned()).or_insert(field_json(value));
    };
    let _ = record.key_values().visit(&mut Fields(add));
    Json::Object(line).to_string()
}

fn field_json(value: &Value<'_>) -> Json {
    if let Some(number) = value.to_u64() {
        number.into()
    } else if let Some(number) = value.to_i64() {
        number.into()
    } else if let Some(number) = value.to_f64() {
        number.into()
    } else if let Some(truth) = value.to_bool() {
        truth.into()
    } else {
        Json::String(mask(&value.to_string()).into_owned())
    }
}

/// True for the field of an `Option` that is none: it is left out of the line.
fn is_absent(value: &Value<'_>) -> bool {
    struct Absent(bool);
    impl VisitValue<'_> for Absent {
        fn visit_any(&mut self, _: Value<'_>) -> Result<(), log::kv::Error> {
            Ok(())
        }

        fn visit_null(&mut self) -> Result<(), log::kv::Error> {
            self.0 = true;
            Ok(())
        }
    }
    let mut absent = Absent(false);
    let _ = value.visit(&mut absent);
    absent.0
}

/// Calls a function for each field of a record that has a value.
struct Fields<F>(F);

impl<'kvs, F: FnMut(&str, &Value<'_>)> VisitSource<'kvs> for Fields<F> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        if !is_absent(&value) {
            (self.0)(key.as_str(), &value);
        }
        Ok(())
    }
}

fn text_line(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let style = out.default_level_style(record.level());
    let time = jiff::Timestamp::now().strftime("%H:%M:%S%.3fZ");
    let message = record.args().to_string();
    let mut fields = String::new();
    let add = |key: &str, value: &Value<'_>| {
        fields.extend([" ", key, "=", &mask(&value.to_string())]);
    };
    let _ = record.key_values().visit(&mut Fields(add));
    writeln!(out, "{time} {style}{:5}{style:#} {}{fields}", record.level(), mask(&message))
}

#[cfg(test)]
mod tests {
    use log::kv::ToValue as _;

    use super::*;

    #[test]
    fn a_line_is_json_for_every_message() {
        let fields = [
            ("conversation", Value::from("a\"b\n")),
            ("retry_in_ms", Value::from(400)),
            ("msg", Value::from("x")),
            ("trace", None::<&str>.to_value()),
            ("request", Some("r1").to_value()),
        ];
        let line = json_line(
            &Record::builder()
                .level(log::Level::Warn)
                .target("hsc")
                .args(format_args!("host \"did\" not\nanswer"))
                .key_values(&fields)
                .build(),
            "2026-01-01T00:00:00Z",
        );
        assert!(!line.contains('\n'));
        let parsed: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["msg"], "host \"did\" not\nanswer");
        assert_eq!(parsed["conversation"], "a\"b\n");
        assert_eq!(parsed["retry_in_ms"], 400);
        assert_eq!(parsed["level"], "warn");
        assert_eq!(parsed["request"], "r1");
        assert!(parsed.get("trace").is_none(), "a field without a value is left out: {line}");
    }
}
