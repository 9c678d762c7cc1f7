//! The names of the channels, all in one place. A relay may put a prefix of its own before them.

/// What concerns every pod.
pub const PODS: &str = "pods";

/// What changes at the desk.
pub const DESK: &str = "desk";

/// What is said to the owner of a conversation.
#[must_use]
pub fn to_owner(id: &str) -> String {
    format!("conversation.{id}.in")
}

/// What is said about a conversation to agents alone.
#[must_use]
pub fn to_agents(id: &str) -> String {
    format!("conversation.{id}.agents")
}

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
