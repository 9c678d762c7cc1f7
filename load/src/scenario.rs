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
    /// Connects and listens.
    Idle,
    /// Types names letter by letter, thinks, types the next.
    Typing,
    /// Asks a question, reads the answer, thinks, asks the next.
    Ask,
    /// Loses the socket with everybody else and resumes the conversation at once.
    ResumeStorm,
    /// Types, and reads far too slowly what comes back.
    SlowReader,
}

impl Scenario {
    /// The word of the command line, the mix file and the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How fast a visitor is. Each wait is varied, since people who act in step are no people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// From one keystroke to the next. Zero: as fast as the server answers, without a wait.
    pub key: Duration,
    /// From a name typed, or an answer read, to the next.
    pub think: Duration,
    /// From one storm to the next.
    pub storm_every: Duration,
    /// From one frame that a slow reader reads to the next.
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

/// The wait, half of it more or less.
pub(super) fn varied(wait: Duration, random: &mut impl rand::Rng) -> Duration {
    wait.mul_f64(random.random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn waits_are_varied_around_what_was_asked_for() {
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let waits: Vec<f64> =
            (0..1_000).map(|_| varied(Duration::from_secs(2), &mut random).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (1.0..3.0).contains(wait)));
        let mean = waits.iter().sum::<f64>() / 1_000.0;
        assert!((1.9..2.1).contains(&mean), "{mean}");
    }
}
