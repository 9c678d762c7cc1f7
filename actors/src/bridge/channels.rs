//! The names of the channels, all in one place. A relay may put a prefix of its own before them.

/// What concerns every pod.
pub const PODS: &str = "pods";

/// What concerns one conversation.
#[must_use]
pub fn conversation(id: &str) -> String {
    format!("conversation.{id}")
}

/// What concerns one pod.
#[must_use]
pub fn pod(name: &str) -> String {
    format!("pod.{name}")
}
