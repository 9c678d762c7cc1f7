//! Names that are not settings: old names, which are still accepted with a warning, and misspelt ones.

/// The old key and its replacement.
const RENAMED: [(&str, &str); 22] = [
    ("actors.backoff_first_ms", "actors.backoff_initial_ms"),
    ("actors.backoff_most_ms", "actors.backoff_max_ms"),
    ("actors.hang_after_ms", "actors.heartbeat_timeout_ms"),
    ("actors.inbox", "actors.mailbox_capacity"),
    ("actors.restarts", "actors.max_restarts"),
    ("actors.restarts_within_ms", "actors.restart_window_ms"),
    ("actors.retry_every_ms", "actors.retry_interval_ms"),
    ("actors.stop_within_ms", "actors.stop_timeout_ms"),
    ("actors.wait_while_down_ms", "actors.restart_wait_ms"),
    ("answers.encoder.look_every_ms", "answers.encoder.check_interval_ms"),
    ("archive.batch_after_ms", "archive.batch_delay_ms"),
    ("archive.keep_days", "archive.retention_days"),
    ("desk.expires_after_ms", "desk.visitor_timeout_ms"),
    ("desk.present_ms", "desk.presence_timeout_ms"),
    ("desk.remembers_ms", "desk.history_ttl_ms"),
    ("desk.returns_after_ms", "desk.requeue_after_ms"),
    ("letters.per_address", "offline_messages.per_address"),
    ("letters.per_hour", "offline_messages.per_hour"),
    ("sessions.busy_after_ms", "sessions.overload_after_ms"),
    ("uploads.keep_ms", "uploads.retention_ms"),
    ("webhooks.backoff_first_ms", "webhooks.backoff_initial_ms"),
    ("webhooks.backoff_most_ms", "webhooks.backoff_max_ms"),
];

/// The current name of a setting, if `key` is an old one.
pub(crate) fn current(key: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new)
}

/// A setting that was given under its old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecated {
    /// The old key.
    pub key: String,
    /// The key that replaces it.
    pub replaced_by: &'static str,
    /// File or variable.
    pub source: String,
}

impl std::fmt::Display for Deprecated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, replaced_by, source } = self;
        write!(f, "{key} (from {source}) was renamed to {replaced_by}; the old name still works")
    }
}

/// The key that `wrong` is most likely a typo of; `None` when none is close.
pub(crate) fn meant(
    wrong: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let known: Vec<&str> = known.collect();
    let nearest = known.iter().map(|key| (edits(key, wrong), *key)).min();
    // Up to a third of the letters wrong counts as a typo; more is another word.
    if let Some((edits, key)) = nearest
        && edits * 3 <= wrong.len()
    {
        return Some(key);
    }
    // The right name in the wrong section, or in none.
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let mut same = known.iter().filter(|key| last(key) == last(wrong));
    same.next().copied().filter(|_| same.next().is_none())
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    #[test]
    fn no_old_name_is_a_setting_and_each_new_name_is() {
        for (old, new) in RENAMED {
            assert!(settings::rule_of(old).is_none(), "{old} is still a setting");
            assert!(settings::rule_of(new).is_some(), "{new} is no setting");
            assert_eq!(current(new), None, "{new} is an old name too");
        }
    }

    #[test]
    fn the_page_about_upgrades_lists_every_renamed_setting() {
        let page = include_str!("../../docs/upgrading.md");
        for (old, new) in RENAMED {
            assert!(page.contains(&format!("| `{old}` | `{new}` |")), "{old} is missing");
        }
    }

    #[test]
    fn a_typo_is_recognised_and_another_word_is_not() {
        let keys = ["server.port", "server.host", "cache.ttl_ms", "a.max", "b.max"];
        for (wrong, key) in [
            ("server.prot", Some("server.port")),
            ("sevrer.hosts", Some("server.host")),
            ("port", Some("server.port")),
            ("answers.ttl_ms", Some("cache.ttl_ms")),
            ("elsewhere.max", None),
            ("zebra.crossing", None),
        ] {
            assert_eq!(meant(wrong, keys.into_iter()), key, "{wrong}");
        }
    }
}
