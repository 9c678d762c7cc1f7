//! Loads and merges the settings.
//!
//! `default.toml`, then the file of `--config`, then the environment. Each value keeps its source, so
//! that an error names the key, the value, its source and the expected format.

use std::path::Path;

use toml::{Table, Value};

use crate::Settings;
use crate::cross_validation::{CrossValidation, cross_validate};
use crate::error::SettingsError;
use crate::names::{self, Deprecated};
use crate::rules::Rule;
use crate::secret::{self, SECRET_KEYS};
use crate::settings;

/// The defaults, part of the program.
pub(crate) const DEFAULTS: &str = include_str!("../default.toml");
/// Prefix of environment variables; two underscores separate the levels.
const PREFIX: &str = "HSC__";
/// One valid value that overrides a default.
struct Given {
    key: String,
    value: Value,
    source: String,
}

impl Settings {
    /// Merges the settings. `env` is the environment, a parameter so that tests need none;
    /// a program passes [`environment`].
    ///
    /// # Errors
    /// The first error, in one line.
    ///
    /// ```
    /// let env = [("HSC__SERVER__PORT".to_owned(), "eighty".to_owned())];
    /// let wrong = hsc_config::Settings::load(None, env).unwrap_err();
    /// assert_eq!(
    ///     wrong.to_string(),
    ///     "server.port = \"eighty\" (from HSC__SERVER__PORT): expected a whole number from 0 to 65535"
    /// );
    /// ```
    pub fn load(
        config_file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        Self::load_with_warnings(config_file, env).map(|(settings, _)| settings)
    }

    /// As [`load`](Self::load), together with the settings given under an old name.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with_warnings(
        config_file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<Deprecated>), SettingsError> {
        let defaults: Table = DEFAULTS.parse().expect("a test reads default.toml");
        let mut deprecated = Vec::new();
        let mut given =
            config_file.map_or(Ok(Vec::new()), |file| of_file(file, &mut deprecated))?;
        of_environment(env, &mut given, &mut deprecated)?;
        let mut tree = defaults.clone();
        for one in &given {
            *slot(&mut tree, &one.key) = one.value.clone();
        }
        let settings: Self =
            tree.try_into().expect("a test puts the ends of every rule into the types");
        let Err(CrossValidation { key, expected }) = cross_validate(&settings) else {
            return Ok((settings, deprecated));
        };
        let source = given.iter().rev().find(|one| one.key == key);
        let value = source
            .map_or_else(|| slot(&mut defaults.clone(), key).clone(), |one| one.value.clone());
        let source_name = source.map_or("the defaults".to_owned(), |one| one.source.clone());
        Err(wrong(key, one_line(&value), source_name, expected))
    }

    /// All settings as TOML, for people. Secrets are stars.
    pub fn masked(&self) -> String {
        toml::to_string(self).expect("a tree of numbers and texts can be written")
    }
}

/// The environment of this process, as [`Settings::load`] expects it. Invalid UTF-8 is replaced instead of
/// skipped, so that it is reported as a wrong value.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

fn of_file(path: &Path, deprecated: &mut Vec<Deprecated>) -> Result<Vec<Given>, SettingsError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
        path: name.clone(),
        reason: error.to_string(),
    })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| SettingsError::NotToml {
        path: name.clone(),
        reason: located(&text, &error),
    })?;
    let mut leaves = Vec::new();
    flatten("", &table, &mut leaves);
    secret::resolve(&mut leaves)?;
    // A setting given under both names gets the value of the new one.
    leaves.sort_by_key(|(key, _)| names::current(key).is_none());
    let check = |(key, value): (String, Value)| {
        let key = present_name(key, &name, deprecated);
        let Some(rule) = settings::rule_of(&key) else {
            return Err(no_rule(key, one_line(&value), &name, |key| key.to_owned()));
        };
        let written = one_line(&value);
        admitted(rule, key, Some(value), written, &name)
    };
    leaves.into_iter().map(check).collect()
}

/// Adds the values of the environment to those of the file.
fn of_environment(
    env: impl IntoIterator<Item = (String, String)>,
    given: &mut Vec<Given>,
    deprecated: &mut Vec<Deprecated>,
) -> Result<(), SettingsError> {
    let mut env: Vec<(String, String)> = env.into_iter().collect();
    // The order of an environment is random; sorted, the same error is always reported first.
    env.sort();
    let in_file = given.iter().any(|one| one.key == "answers.answerer");
    let mut named: Vec<(&str, String, &str)> = Vec::new();
    // Names of existing deployments. The `HSC__` names come after them and take precedence.
    for (name, text) in env.iter().filter(|(_, text)| !text.is_empty()) {
        match name.as_str() {
            "REDIS_URL" => named.push((name, "redis.url".to_owned(), text)),
            "DATABASE_URL" => named.push((name, "archive.url".to_owned(), text)),
            "GEMINI_API_KEY" => {
                named.push((name, "answers.llm.api_key".to_owned(), text));
                // A key enables the model, unless the file disables it.
                if !in_file {
                    named.push((name, "answers.answerer".to_owned(), "llm"));
                }
            }
            _ => {}
        }
    }
    for (name, text) in &env {
        if let Some(path) = name.strip_prefix(PREFIX) {
            named.push((name, path.to_lowercase().replace("__", "."), text));
        }
    }
    named.sort_by_key(|(_, key, _)| names::current(key).is_none());
    for (name, key, text) in named {
        let key = present_name(key, name, deprecated);
        // An empty variable names no file, so that a deployment can leave one out.
        let of_file = secret::secret_of(&key);
        if of_file.is_some() && text.is_empty() {
            continue;
        }
        if let Some(named) = of_file
            && env.iter().any(|(other, text)| !text.is_empty() && variable_of(named) == *other)
        {
            return Err(secret::given_twice(named, text));
        }
        let key = of_file.map_or(key, str::to_owned);
        let Some(rule) = settings::rule_of(&key) else {
            return Err(no_rule(key, format!("{text:?}"), name, variable_of));
        };
        let mut parsed = match of_file {
            Some(named) => Some(secret::read(named, text)?),
            None => rule.parse(text),
        };
        if let Some(endpoints) = parsed.as_mut().filter(|_| key == secret::ENDPOINTS) {
            secret::resolve_endpoints(endpoints)?;
        }
        given.push(admitted(rule, key, parsed, format!("{text:?}"), name)?);
    }
    Ok(())
}

/// The value, if the rule admits it. `written` is the value as it was given.
fn admitted(
    rule: &Rule,
    key: String,
    value: Option<Value>,
    written: String,
    source: &str,
) -> Result<Given, SettingsError> {
    let source = source.to_owned();
    match value.and_then(|value| rule.admit(&value)) {
        Some(value) => Ok(Given { key, value, source }),
        None => Err(wrong(&key, written, source, rule.expected())),
    }
}

/// The error for an invalid value.
fn wrong(key: &str, written: String, source_name: String, expected: String) -> SettingsError {
    let value = if SECRET_KEYS.contains(&key) { "***".to_owned() } else { written };
    SettingsError::Wrong { key: key.to_owned(), value, source_name, expected }
}

/// The environment variable of a setting.
fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The current name of a setting; an old name is recorded.
fn present_name(key: String, source: &str, deprecated: &mut Vec<Deprecated>) -> String {
    let Some(replaced_by) = names::current(&key) else { return key };
    deprecated.push(Deprecated { key, replaced_by, source: source.to_owned() });
    replaced_by.to_owned()
}

/// The error for a setting that does not exist, or is a section.
fn no_rule(
    key: String,
    value: String,
    source: &str,
    written: impl Fn(&str) -> String,
) -> SettingsError {
    let source_name = source.to_owned();
    if is_section(&key) {
        // The value is left out when a secret may be part of it.
        let holds_secret = SECRET_KEYS.into_iter().any(|secret| is_below(secret, &key));
        let value = if holds_secret { "***".to_owned() } else { value };
        let expected = format!("a section: its settings are {}.…", written(&key));
        return SettingsError::Wrong { key, value, source_name, expected };
    }
    let hint = names::meant(&key, settings::keys()).map_or_else(
        || "; docs/configuration.md lists all".to_owned(),
        |meant| format!("; did you mean {}?", written(meant)),
    );
    SettingsError::Unknown { key, source_name, hint }
}

/// Position and message of a TOML error. The line itself is left out: it may hold a secret.
fn located(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().replace('\n', " ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return why };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    format!("line {line}, column {column}: {why}")
}

/// Every key and its value. An empty table counts as one, else a misspelt empty section would pass.
pub(crate) fn flatten(prefix: &str, table: &Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if !inner.is_empty() => flatten(&key, inner, leaves),
            Value::Table(_) if is_section(&key) => {}
            other => leaves.push((key, other.clone())),
        }
    }
}

/// True for the name of a section.
fn is_section(key: &str) -> bool {
    settings::keys().any(|known| is_below(known, key))
}

/// True for a setting of this section.
fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// The place of a key that has a rule.
fn slot<'a>(tree: &'a mut Table, key: &str) -> &'a mut Value {
    let in_defaults = "a test finds every key that has a rule in the defaults";
    match key.split_once('.') {
        None => tree.get_mut(key).expect(in_defaults),
        Some((section, rest)) => {
            let section = tree.get_mut(section).and_then(Value::as_table_mut);
            slot(section.expect(in_defaults), rest)
        }
    }
}

/// The value as TOML. A line break would break the promise of one line.
fn one_line(value: &Value) -> String {
    value.to_string().replace('\n', " ")
}
