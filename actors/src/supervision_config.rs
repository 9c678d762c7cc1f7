//! Supervision parameters from the settings.

use std::time::Duration;

use hsc_config::{ActorsSettings, GiveUpChoice};

use crate::supervision::{Backoff, Bounds, Care, Intensity, OnGiveUp, Policy};

/// Longest wait for a reply of a running actor, for a call without its own bound. Only administration calls like
/// this, and its caller has a bound too.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The supervision of a pod's actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupervisionConfig {
    /// Number of threads.
    pub threads: usize,
    /// Supervision parameters of each actor.
    pub care: Care,
    /// What the root does when an actor fails too often.
    pub on_give_up: OnGiveUp,
}

impl From<&ActorsSettings> for SupervisionConfig {
    fn from(settings: &ActorsSettings) -> Self {
        let care = Care {
            policy: Policy::Permanent,
            intensity: Intensity {
                restarts: settings.max_restarts,
                within: Duration::from_millis(settings.restart_window_ms),
            },
            backoff: Backoff {
                first: Duration::from_millis(settings.backoff_initial_ms),
                most: Duration::from_millis(settings.backoff_max_ms),
            },
            hang_after: Duration::from_millis(settings.heartbeat_timeout_ms),
            stop_within: Duration::from_millis(settings.stop_timeout_ms),
            bounds: Bounds {
                inbox: settings.mailbox_capacity,
                while_down: Duration::from_millis(settings.restart_wait_ms),
                answer: ANSWER_WITHIN,
            },
        };
        let on_give_up = match settings.on_give_up {
            GiveUpChoice::Retry => {
                OnGiveUp::Retry(Duration::from_millis(settings.retry_interval_ms))
            }
            GiveUpChoice::Exit => OnGiveUp::Escalate,
        };
        let threads = match settings.threads {
            0 => cores(),
            threads => threads,
        };
        Self { threads, care, on_give_up }
    }
}

/// Number of cores, for numbers of threads and shards that the settings leave open.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
