//! Values that are never shown, the settings that hold one, and the files that may hold it instead.
//!
//! `admin.token_file` names a file that holds `admin.token`. Every secret may be given so, in the file of `--config`, in
//! the environment and in a webhook endpoint. The secret is the content of the file without the line break at its end;
//! a list has one value a line.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use toml::{Table, Value};

use crate::error::SettingsError;

/// Keys whose value never appears in a message.
pub(crate) const SECRET_KEYS: [&str; 10] = [
    "archive.url",
    "answers.llm.api_key",
    "redis.url",
    "admin.token",
    "admin.previous_token",
    "conversations.token_keys",
    "identity.openid.client_secret",
    "visitors.key",
    "visitors.previous_key",
    "webhooks.endpoints",
];
/// End of the name of a setting that names a file.
const SUFFIX: &str = "_file";
/// Secrets of a webhook endpoint.
const OF_ENDPOINT: [&str; 2] = ["secret", "previous_secret"];
/// The secret that is a list.
const LIST: &str = "conversations.token_keys";
/// The list of tables with secrets. It has no file of its own.
pub(crate) const ENDPOINTS: &str = "webhooks.endpoints";

/// A key or a password. Debug and serialisation show stars; [`Secret::reveal`] is the only access.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value, `None` when it is empty.
    pub fn reveal(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|value| !value.is_empty())
    }

    /// Stars for a value, nothing for an empty one.
    fn mask(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "***" }
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mask())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.mask())
    }
}

/// The secret that this setting names a file of.
pub(crate) fn secret_of(key: &str) -> Option<&'static str> {
    let secret = key.strip_suffix(SUFFIX)?;
    SECRET_KEYS.into_iter().find(|known| *known == secret && *known != ENDPOINTS)
}

/// Replaces the names of files by what they hold.
pub(crate) fn resolve(leaves: &mut [(String, Value)]) -> Result<(), SettingsError> {
    for at in 0..leaves.len() {
        if let Some(secret) = secret_of(&leaves[at].0)
            && leaves.iter().any(|(key, _)| key == secret)
        {
            return Err(given_twice(secret, leaves[at].1.as_str().unwrap_or_default()));
        }
    }
    for (key, value) in leaves {
        if let (Some(secret), Value::String(path)) = (secret_of(key), &*value) {
            *value = read(secret, path)?;
            *key = secret.to_owned();
        } else if key == ENDPOINTS {
            resolve_endpoints(value)?;
        }
    }
    Ok(())
}

/// Replaces the names of files in webhook endpoints.
pub(crate) fn resolve_endpoints(endpoints: &mut Value) -> Result<(), SettingsError> {
    let tables = endpoints.as_array_mut().into_iter().flatten().filter_map(Value::as_table_mut);
    for table in tables {
        for name in OF_ENDPOINT {
            resolve_in(table, name)?;
        }
    }
    Ok(())
}

fn resolve_in(table: &mut Table, name: &str) -> Result<(), SettingsError> {
    let given = format!("{name}{SUFFIX}");
    let Some(Value::String(path)) = table.get(&given).cloned() else { return Ok(()) };
    let text = content(&format!("{ENDPOINTS} {given}"), &path)?;
    table.remove(&given);
    table.insert(name.to_owned(), Value::String(text));
    Ok(())
}

/// The value of a secret that is in a file.
pub(crate) fn read(secret: &str, path: &str) -> Result<Value, SettingsError> {
    let text = content(&format!("{secret}{SUFFIX}"), path)?;
    Ok(if secret == LIST {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Value::Array(lines.map(|line| Value::String(line.to_owned())).collect())
    } else {
        Value::String(text)
    })
}

/// The error for a secret that one source gives as a value and as a file.
pub(crate) fn given_twice(secret: &str, path: &str) -> SettingsError {
    SettingsError::SecretFile {
        key: format!("{secret}{SUFFIX}"),
        path: path.to_owned(),
        reason: format!("{secret} is set as well; set one of them"),
    }
}

fn content(key: &str, path: &str) -> Result<String, SettingsError> {
    let wrong = |reason: String| SettingsError::SecretFile {
        key: key.to_owned(),
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        // An empty secret switches off what it protects; a file that is written just now may be empty.
        return Err(wrong("the file is empty".to_owned()));
    }
    Ok(text.to_owned())
}
