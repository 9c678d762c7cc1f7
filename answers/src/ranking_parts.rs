//! The parts of the ranking, each of which an ablation can disable.

use strum::VariantNames as _;

/// A part of the ranking. `docs/performance.md` has a table of their contributions.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown_part)]
pub enum Part {
    /// The words of the whole page, in addition to those of the passage.
    Pages,
    /// The similarity of the section's heading and the question, and rows whose label is the question.
    Headings,
    /// Words that are adjacent in the question and in the passage.
    Neighbors,
    /// The form of passage that the question asks for: steps, rows, faults.
    Form,
    /// Windows of 45 and 120 words.
    Windows,
    /// The encoders.
    Encoders,
    /// Misspelt words of the question, matched against the manual's vocabulary.
    Misspellings,
    /// Words and phrases that mean the same.
    Synonyms,
}

fn unknown_part(name: &str) -> String {
    format!("no part of the ranking is called {name}; there are {}", Part::VARIANTS.join(", "))
}

/// The enabled parts of a ranking; all of them by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RankingParts {
    /// One bit for each disabled part.
    without: u8,
}

impl RankingParts {
    /// The parts that a server uses.
    pub const ALL: Self = Self { without: 0 };

    /// All parts but these.
    pub fn without(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { without: parts.into_iter().fold(0, |all, part| all | 1 << part as u8) }
    }

    /// True when the ranking uses the part.
    pub const fn has(self, part: Part) -> bool {
        self.without & (1 << part as u8) == 0
    }

    /// `weight`, or 0 when the part is disabled.
    pub(super) const fn weight(self, part: Part, weight: f32) -> f32 {
        if self.has(part) { weight } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_can_be_disabled_by_its_name_and_the_others_stay() {
        let part = |name: &str| name.parse::<Part>().expect("the name of a part");
        for name in Part::VARIANTS {
            let parts = RankingParts::without([part(name)]);
            assert_eq!(part(name).to_string(), *name);
            for other in Part::VARIANTS {
                assert_eq!(parts.has(part(other)), other != name, "{other} without {name}");
            }
        }
        let error = "luck".parse::<Part>().expect_err("no such part");
        assert!(error.contains("luck") && error.contains("synonyms"), "{error}");
    }
}
