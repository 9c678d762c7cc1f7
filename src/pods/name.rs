//! What a pod is called among the others.

use std::sync::Arc;

/// Letters of a machine's name that are used; the rest of a long one distinguishes nothing here.
const MOST: usize = 64;

/// The name of this run of this pod: what the settings say, or what the machine is called, and random
/// letters. They are there because others act on the name: what a dead pod left under it is theirs to
/// take, and a pod that came back at once under the same name would seem never to have gone.
#[must_use]
pub fn name(chosen: &str) -> Arc<str> {
    let name = if chosen.is_empty() { machine() } else { chosen.to_owned() };
    format!("{name}.{:08x}", rand::random::<u32>()).into()
}

/// What the machine (in a container: the pod) is called, by Linux; elsewhere by the environment.
fn machine() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || ".-_".contains(*letter);
    let name: String = told.trim().chars().filter(fits).take(MOST).collect();
    if name.is_empty() { "pod".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_a_pod_have_two_names() {
        assert!(name("a").starts_with("a."));
        assert_ne!(name("a"), name("a"));
        assert!(name("").len() > "0123456789".len());
    }
}
