//! The name of a pod.

use std::sync::Arc;

/// Letters of the host name that are used; a longer prefix adds nothing.
const MOST: usize = 64;

/// The name of this run of this pod: the configured name, or the host name, and random
/// letters. They are needed because other pods act on the name: they take over the conversations of a dead pod,
/// and a pod that restarts at once under the same name would seem never to have gone.
#[must_use]
pub fn name(chosen: &str) -> Arc<str> {
    let name = if chosen.is_empty() { machine() } else { chosen.to_owned() };
    format!("{name}.{:08x}", rand::random::<u32>()).into()
}

/// The host name (in a container: the pod's name), from Linux; elsewhere from the environment.
fn machine() -> String {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host_name = host_name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || ".-_".contains(*letter);
    let name: String = host_name.trim().chars().filter(fits).take(MOST).collect();
    if name.is_empty() { "pod".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_a_pod_have_different_names() {
        assert!(name("a").starts_with("a."));
        assert_ne!(name("a"), name("a"));
        assert!(name("").len() > "0123456789".len());
    }
}
