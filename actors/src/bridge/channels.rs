//! The names of the channels. A relay may add a prefix.

/// Messages to every pod.
pub const PODS: &str = "pods";

/// Changes of the desk.
pub const DESK: &str = "desk";

/// Messages to the owner of a conversation.
#[must_use]
pub fn to_owner(id: &str) -> String {
    format!("conversation.{id}.in")
}

/// Messages about a conversation to agents only.
#[must_use]
pub fn to_agents(id: &str) -> String {
    format!("conversation.{id}.agents")
}

/// Messages about one conversation.
#[must_use]
pub fn conversation(id: &str) -> String {
    format!("conversation.{id}")
}

/// Messages to one pod.
#[must_use]
pub fn pod(name: &str) -> String {
    format!("pod.{name}")
}
