//! The kinds of visitors: what each does and how fast; one kind, or a mix of several from a TOML file.
//!
//! ```toml
//! [[visitor]]
//! scenario = "typing"
//! weight = 7
//! key = "120ms"
//!
//! [[visitor]]
//! scenario = "ask"
//! weight = 1
//! think = "20s"
//! ```

use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::duration::parse_duration;

/// Largest weight: finer shares have no visible effect.
const MAX_WEIGHT: u32 = 10_000;

/// What a visitor does. Its name is that of the command line, the mix file and the report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, strum::Display,
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

/// One kind of visitor of a mix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind {
    /// What it does.
    pub scenario: Scenario,
    /// Its share in relation to the other weights.
    pub weight: u32,
    /// Its pauses.
    pub pace: Pace,
}

/// Kinds of visitors and their shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix(Vec<Kind>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    visitor: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    scenario: Scenario,
    #[serde(default = "one")]
    weight: u32,
    key: Option<String>,
    think: Option<String>,
    storm_every: Option<String>,
    read_every: Option<String>,
}

fn one() -> u32 {
    1
}

impl Mix {
    /// Visitors of one kind.
    pub fn of(scenario: Scenario, pace: Pace) -> Self {
        Self(vec![Kind { scenario, weight: 1, pace }])
    }

    /// Parses a mix file; `pace` supplies the values that a visitor does not set.
    ///
    /// # Errors
    /// In one line that names the place.
    pub fn parse(text: &str, pace: Pace) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{place}{}", error.message().replace('\n', " "))
        })?;
        if file.visitor.is_empty() {
            return Err("the mix has no [[visitor]]".to_owned());
        }
        let kinds = file.visitor.into_iter().enumerate().map(|(at, entry)| {
            entry.kind(pace).map_err(|error| format!("visitor {}: {error}", at + 1))
        });
        kinds.collect::<Result<_, _>>().map(Self)
    }

    /// The kind of visitor `number` (from 0). In every run of visitors as long as the sum of the weights each
    /// kind occurs exactly as often as its weight, evenly spread.
    pub fn kind(&self, number: usize) -> &Kind {
        let total: u64 = self.0.iter().map(|kind| u64::from(kind.weight)).sum();
        let mut credit = vec![0_i64; self.0.len()];
        let mut chosen = 0;
        // Smooth weighted round robin: each kind gains its weight, the chosen one pays the total.
        for _ in 0..=(number as u64 % total) {
            for (credit, kind) in credit.iter_mut().zip(&self.0) {
                *credit += i64::from(kind.weight);
            }
            // The first of equals, so that equal weights keep the order of the file.
            chosen = (0..credit.len()).rev().max_by_key(|at| credit[*at]).unwrap_or(0);
            credit[chosen] -= total as i64;
        }
        &self.0[chosen]
    }

    /// Its name in the report: `typing`, or `typing 7 : ask 1`.
    pub fn name(&self) -> String {
        if let [kind] = self.0.as_slice() {
            return kind.scenario.to_string();
        }
        let parts = self.0.iter().map(|kind| format!("{} {}", kind.scenario, kind.weight));
        parts.collect::<Vec<_>>().join(" : ")
    }

    /// True when the mix contains this scenario.
    pub fn has(&self, scenario: Scenario) -> bool {
        self.0.iter().any(|kind| kind.scenario == scenario)
    }
}

impl Entry {
    fn kind(self, pace: Pace) -> Result<Kind, String> {
        if !(1..=MAX_WEIGHT).contains(&self.weight) {
            return Err(format!("weight {} is not from 1 to {MAX_WEIGHT}", self.weight));
        }
        let or = |name: &str, given: Option<String>, default: Duration| match given {
            None => Ok(default),
            Some(text) => parse_duration(&text).map_err(|error| format!("{name}: {error}")),
        };
        Ok(Kind {
            scenario: self.scenario,
            weight: self.weight,
            pace: Pace {
                key: or("key", self.key, pace.key)?,
                think: or("think", self.think, pace.think)?,
                storm_every: or("storm_every", self.storm_every, pace.storm_every)?,
                read_every: or("read_every", self.read_every, pace.read_every)?,
            },
        })
    }
}

/// The pause, varied by half of it.
pub(super) fn varied(wait: Duration, random: &mut impl rand::Rng) -> Duration {
    wait.mul_f64(random.random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    fn refused(text: &str) -> String {
        let error = Mix::parse(text, Pace::default()).expect_err(text);
        assert!(!error.contains('\n'), "{error:?}");
        error
    }

    #[test]
    fn each_kind_occurs_as_often_as_its_weight_and_evenly() {
        let text = "[[visitor]]\nscenario = 'typing'\nweight = 3\n[[visitor]]\nscenario = 'ask'\n";
        let mix = Mix::parse(text, Pace::default()).expect("a mix");
        let kinds: Vec<String> = (0..8).map(|at| mix.kind(at).scenario.to_string()).collect();
        assert_eq!(
            kinds,
            ["typing", "typing", "ask", "typing", "typing", "typing", "ask", "typing"]
        );
        assert_eq!(mix.name(), "typing 3 : ask 1");
        assert!(mix.has(Scenario::Ask) && !mix.has(Scenario::Idle));
    }

    #[test]
    fn the_command_line_sets_the_pace_that_the_file_omits() {
        let pace = Pace { think: Duration::from_secs(9), ..Pace::default() };
        let mix =
            Mix::parse("[[visitor]]\nscenario = 'typing'\nkey = '20ms'\n", pace).expect("a mix");
        assert_eq!(mix.kind(5).pace, Pace { key: Duration::from_millis(20), ..pace });
    }

    #[test]
    fn errors_are_one_line_and_name_the_position() {
        assert_eq!(refused(""), "the mix has no [[visitor]]");
        assert!(
            refused("[[visitor]]\nscenario = 'dancing'").starts_with("line 2: unknown variant")
        );
        assert!(
            refused("[[visitor]]\nscenario = 'idle'\nwait = 1")
                .starts_with("line 3: unknown field")
        );
        assert!(
            refused("[[visitor]]\nscenario = 'idle'\nkey = '5'").starts_with("visitor 1: key: '5'")
        );
        assert!(refused("[[visitor]]\nscenario = 'idle'\nweight = 0").contains("weight 0"));
        assert!(refused("visitor = ").starts_with("line 1: "));
    }

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
