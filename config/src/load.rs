//! Where settings come from, and what is said when one is wrong.
//!
//! `default.toml`, then the file of `--config`, then the environment. Each value keeps its source, so
//! that a wrong one is reported with the key, the value, where it stood and what was expected.

use std::path::Path;

use toml::{Table, Value};

use crate::Settings;

/// The defaults, part of the program.
pub(crate) const DEFAULTS: &str = include_str!("../default.toml");
/// Environment variables of ours begin with this; two underscores part the levels.
const PREFIX: &str = "HSC__";
/// Keys whose value is never repeated in a message.
const SECRET_KEYS: [&str; 2] = ["answers.llm.api_key", "redis.url"];

/// Why the settings cannot be used. One line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file of `--config` cannot be read.
    #[error("{path}: cannot read the settings: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The file of `--config` is not TOML.
    #[error("{path}: not TOML: {reason}")]
    NotToml {
        /// The file.
        path: String,
        /// Line, column and what is wrong.
        reason: String,
    },
    /// There is no such setting.
    #[error("{key} (from {source_name}): there is no such setting{hint}")]
    Unknown {
        /// The key.
        key: String,
        /// File or variable.
        source_name: String,
        /// `; did you mean server.port?`, or nothing.
        hint: String,
    },
    /// The value does not fit.
    #[error("{key} = {value} (from {source_name}): expected {expected}")]
    Wrong {
        /// The key.
        key: String,
        /// The value as it was given, stars for a secret.
        value: String,
        /// `the defaults`, a file or a variable.
        source_name: String,
        /// What would have been right.
        expected: String,
    },
}

/// One value that overrides a default.
struct Given {
    key: String,
    value: Value,
    source: String,
}

impl Settings {
    /// Puts the settings together. `env` is the environment, handed in so that tests need none.
    ///
    /// # Errors
    /// The first thing that is wrong, in one line.
    pub fn load(
        config_file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut tree: Table = DEFAULTS.parse().expect("a test reads default.toml");
        let defaults = tree.clone();
        let mut given = Vec::new();
        if let Some(path) = config_file {
            given.extend(of_file(path)?);
        }
        given.extend(of_environment(env, &defaults)?);
        for one in &given {
            put(&mut tree, &defaults, one)?;
        }
        let settings: Self =
            tree.try_into().map_err(|error: toml::de::Error| SettingsError::Wrong {
                key: "settings".to_owned(),
                value: String::new(),
                source_name: "all sources together".to_owned(),
                expected: error.message().to_owned(),
            })?;
        settings.check().map_err(|wrong| {
            let source = given.iter().rev().find(|one| one.key == wrong.key);
            SettingsError::Wrong {
                key: wrong.key.to_owned(),
                value: source.map_or_else(
                    || at(&defaults, wrong.key).map_or(String::new(), shown),
                    |one| shown(&one.value),
                ),
                source_name: source.map_or("the defaults".to_owned(), |one| one.source.clone()),
                expected: wrong.expected.to_owned(),
            }
        })?;
        Ok(settings)
    }
}

fn of_file(path: &Path) -> Result<Vec<Given>, SettingsError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
        path: name.clone(),
        reason: error.to_string(),
    })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| SettingsError::NotToml {
        path: name.clone(),
        reason: error
            .to_string()
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    })?;
    let mut leaves = Vec::new();
    flatten("", &table, &mut leaves);
    Ok(leaves.into_iter().map(|(key, value)| Given { key, value, source: name.clone() }).collect())
}

fn of_environment(
    env: impl IntoIterator<Item = (String, String)>,
    defaults: &Table,
) -> Result<Vec<Given>, SettingsError> {
    let mut env: Vec<(String, String)> = env.into_iter().collect();
    env.sort();
    let mut given = Vec::new();
    // The names existing deployments set. Ours come after them and so win.
    for (name, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
        let mut legacy = |key: &str, value: &str| {
            given.push(Given {
                key: key.to_owned(),
                value: Value::String(value.to_owned()),
                source: name.clone(),
            });
        };
        match name.as_str() {
            "REDIS_URL" => legacy("redis.url", value),
            "GEMINI_API_KEY" => {
                legacy("answers.llm.api_key", value);
                legacy("answers.answerer", "llm");
            }
            _ => {}
        }
    }
    for (name, text) in env.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        let Some(default) = at(defaults, &key) else {
            return Err(SettingsError::Unknown {
                hint: hint(defaults, &key),
                key,
                source_name: name.clone(),
            });
        };
        let value = from_text(text, default).ok_or_else(|| SettingsError::Wrong {
            value: masked(&key, &format!("\"{text}\"")),
            source_name: name.clone(),
            expected: kind_of(default).to_owned(),
            key: key.clone(),
        })?;
        given.push(Given { key, value, source: name.clone() });
    }
    Ok(given)
}

/// Puts one value into the tree once its type is known to fit.
fn put(tree: &mut Table, defaults: &Table, given: &Given) -> Result<(), SettingsError> {
    let Some(default) = at(defaults, &given.key) else {
        return Err(SettingsError::Unknown {
            key: given.key.clone(),
            source_name: given.source.clone(),
            hint: hint(defaults, &given.key),
        });
    };
    let value = match (&given.value, default) {
        (Value::Integer(whole), Value::Float(_)) => Value::Float(*whole as f64),
        (value, _) => value.clone(),
    };
    let old = std::mem::replace(slot(tree, &given.key), value);
    if slot(tree, &given.key).same_type(default)
        && let Ok(_) = Settings::deserialize_tree(tree)
    {
        return Ok(());
    }
    let reason = Settings::deserialize_tree(tree).err().unwrap_or_default();
    *slot(tree, &given.key) = old;
    Err(SettingsError::Wrong {
        key: given.key.clone(),
        value: masked(&given.key, &shown(&given.value)),
        source_name: given.source.clone(),
        expected: expected(&reason, default),
    })
}

impl Settings {
    fn deserialize_tree(tree: &Table) -> Result<Self, String> {
        tree.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }
}

/// What would have been right: the choices where there are some, else the kind of the default.
fn expected(reason: &str, default: &Value) -> String {
    let choices: Vec<&str> = reason
        .split_once("expected")
        .map_or("", |(_, rest)| rest)
        .split('`')
        .skip(1)
        .step_by(2)
        .collect();
    if choices.is_empty() {
        kind_of(default).to_owned()
    } else {
        format!("one of {}", choices.join(", "))
    }
}

fn kind_of(default: &Value) -> &'static str {
    match default {
        Value::String(_) => "text",
        Value::Integer(_) => {
            "a whole number that is not negative and not larger than the setting can hold"
        }
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of texts, in the environment parted by commas",
        Value::Table(_) => "a section, not a value",
        Value::Datetime(_) => "a date",
    }
}

/// A text of the environment as the kind that the default has.
fn from_text(text: &str, default: &Value) -> Option<Value> {
    match default {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => {
            text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
        }
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn flatten(prefix: &str, table: &Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, leaves),
            other => leaves.push((key, other.clone())),
        }
    }
}

/// Every key of the defaults and its value, in order.
#[cfg(test)]
pub(crate) fn leaves() -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    flatten("", &DEFAULTS.parse().expect("a test reads default.toml"), &mut leaves);
    leaves
}

fn at<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let mut parts = key.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// The place of a key that the defaults have.
fn slot<'a>(tree: &'a mut Table, key: &str) -> &'a mut Value {
    let (section, name) =
        key.split_once('.').map_or((key, None), |(section, rest)| (section, Some(rest)));
    let value = tree.get_mut(section).expect("the key was found in the defaults");
    match name {
        None => value,
        Some(rest) => slot(value.as_table_mut().expect("the key was found in the defaults"), rest),
    }
}

fn shown(value: &Value) -> String {
    value.to_string()
}

fn masked(key: &str, value: &str) -> String {
    if SECRET_KEYS.contains(&key) { "***".to_owned() } else { value.to_owned() }
}

/// The nearest key, when one is near.
fn hint(defaults: &Table, key: &str) -> String {
    let mut known = Vec::new();
    flatten("", defaults, &mut known);
    let nearest = known.iter().map(|(name, _)| (edits(name, key), name)).min();
    match nearest {
        // A third of the letters wrong is a slip; more is another word.
        Some((edits, name)) if edits * 3 <= key.len() => format!("; did you mean {name}?"),
        _ => "; docs/configuration.md lists all".to_owned(),
    }
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
