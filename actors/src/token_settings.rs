//! Resume tokens with the keys of the settings.

use std::time::Duration;

use hsc_config::{ConversationsSettings, Secret};
use hsc_conversation::Tokens;

/// Tokens that are signed with the first key of the settings and verified with any of them.
#[must_use]
pub fn tokens_of(settings: &ConversationsSettings) -> Tokens {
    let keys = settings.token_keys.iter().filter_map(Secret::reveal).map(str::as_bytes);
    Tokens::new(keys, Duration::from_millis(settings.token_ttl_ms))
}
