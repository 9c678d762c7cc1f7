//! What a visitor does, and how fast.

use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

/// What a visitor does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Scenario {
    /// Connects and reads.
    Idle,
    /// Types names letter by letter, with pauses between them.
    Typing,
    /// Asks a question, reads the answer, pauses, asks the next.
    Ask,
    /// Loses the socket together with all others and resumes the conversation at once.
    ResumeStorm,
    /// Types, and reads the replies far too slowly.
    SlowReader,
}

impl Scenario {
    /// The name on the command line, in the mix file and in the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The pauses of a visitor. Each is varied, since real users are not in step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Between two keystrokes. Zero: the next keystroke follows the prediction without a pause.
    pub key: Duration,
    /// After a typed name, or a read answer.
    pub think: Duration,
    /// Between two storms.
    pub storm_every: Duration,
    /// Between two frames that a slow reader reads.
    pub read_every: Duration,
}

impl Default for Pace {
    /// A fluent typist (60 words a minute is a key every 200 ms; product names are typed a little
    /// faster), a reader who takes some seconds, and a reader so slow that any queue fills.
    fn default() -> Self {
        Self {
            key: Duration::from_millis(150),
            think: Duration::from_secs(2),
            storm_every: Duration::from_secs(10),
            read_every: Duration::from_secs(1),
        }
    }
}

/// The pause, varied by half of it.
pub(super) fn varied(wait: Duration, random: &mut impl rand::Rng) -> Duration {
    wait.mul_f64(random.random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn pauses_are_varied_around_their_value() {
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let waits: Vec<f64> =
            (0..1_000).map(|_| varied(Duration::from_secs(2), &mut random).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (1.0..3.0).contains(wait)));
        let mean = waits.iter().sum::<f64>() / 1_000.0;
        assert!((1.9..2.1).contains(&mean), "{mean}");
    }
}
