//! Restart policies: one table, decided in one function.

use super::Ending;

/// When a child is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// After every ending: the child never ends by itself.
    Permanent,
    /// After every ending but `done`.
    Transient,
}

impl Policy {
    /// True when a child with this policy is restarted after this ending.
    #[must_use]
    pub fn restarts(self, ending: Ending) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => ending != Ending::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    macro_rules! table {
        ($($name:ident: $policy:ident $ending:ident $restarts:literal;)*) => {
            $(#[test] fn $name() {
                assert_eq!(Policy::$policy.restarts(Ending::$ending), $restarts);
            })*

            #[test]
            fn the_table_contains_every_pair_of_policy_and_ending() {
                let cells = [$((Policy::$policy, Ending::$ending)),*];
                for policy in [Policy::Permanent, Policy::Transient] {
                    for &ending in Ending::VARIANTS {
                        assert!(cells.contains(&(policy, ending)), "{policy:?} {ending}");
                    }
                }
            }
        };
    }

    table! {
        permanent_restarts_when_done: Permanent Done true;
        permanent_restarts_on_failure: Permanent Failed true;
        permanent_restarts_on_panic: Permanent Panicked true;
        permanent_restarts_when_hung: Permanent Hung true;
        permanent_restarts_when_its_thread_is_lost: Permanent ThreadLost true;
        permanent_restarts_on_a_stop: Permanent Stopped true;
        transient_does_not_restart_when_done: Transient Done false;
        transient_restarts_on_failure: Transient Failed true;
        transient_restarts_on_panic: Transient Panicked true;
        transient_restarts_when_hung: Transient Hung true;
        transient_restarts_when_its_thread_is_lost: Transient ThreadLost true;
        transient_restarts_on_a_stop: Transient Stopped true;
    }
}
