//! Whether fault injection is allowed: one rule for `serve`, which obeys it, and for `check`,
//! which reports what `serve` would do.

/// The effect of `chaos.enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chaos {
    /// Faults cannot be injected.
    Off,
    /// The admin API injects faults.
    On,
    /// The same, because this is a debug build; a release build would refuse to start.
    OnInADebugBuild,
}

/// Decides for this build.
///
/// # Errors
/// When a release build lacks the option that allows it.
pub(super) fn decide(enabled: bool, allowed: bool) -> anyhow::Result<Chaos> {
    of_build(enabled, allowed, !cfg!(debug_assertions))
}

fn of_build(enabled: bool, allowed: bool, is_release: bool) -> anyhow::Result<Chaos> {
    match (enabled, allowed, is_release) {
        (false, _, _) => Ok(Chaos::Off),
        (true, true, _) => Ok(Chaos::On),
        (true, false, false) => Ok(Chaos::OnInADebugBuild),
        (true, false, true) => anyhow::bail!(
            "chaos.enabled is for rehearsals: in a release build it wants --allow-chaos as well"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_build_needs_the_option_and_a_debug_build_does_not() {
        let decided = |enabled, allowed, is_release| of_build(enabled, allowed, is_release).ok();
        for is_release in [true, false] {
            for allowed in [true, false] {
                assert_eq!(decided(false, allowed, is_release), Some(Chaos::Off));
            }
            assert_eq!(decided(true, true, is_release), Some(Chaos::On));
        }
        assert_eq!(decided(true, false, false), Some(Chaos::OnInADebugBuild));
        assert_eq!(decided(true, false, true), None);
        let refused = of_build(true, false, true).unwrap_err().to_string();
        assert!(refused.contains("chaos.enabled") && refused.contains("--allow-chaos"));
    }
}
