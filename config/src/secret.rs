//! Values that are never shown, and the settings that hold one.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

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

/// A key or a password. Debug and serialisation show stars; [`Secret::reveal`] is the only access.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value, `None` when it is empty.
    #[must_use]
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
