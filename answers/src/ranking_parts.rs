//! The parts of the ranking, each of which an ablation can disable.

use std::fmt;
use std::str::FromStr;

/// A part of the ranking. `docs/performance.md` has a table of their contributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The words of the whole page, in addition to those of the passage.
    Pages,
    /// The similarity of the section's heading and the question.
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

impl Part {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Pages,
        Self::Headings,
        Self::Neighbors,
        Self::Form,
        Self::Windows,
        Self::Encoders,
        Self::Misspellings,
        Self::Synonyms,
    ];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pages => "pages",
            Self::Headings => "headings",
            Self::Neighbors => "neighbors",
            Self::Form => "form",
            Self::Windows => "windows",
            Self::Encoders => "encoders",
            Self::Misspellings => "misspellings",
            Self::Synonyms => "synonyms",
        })
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|part| part.to_string() == name).ok_or_else(|| {
            format!("no part of the ranking is called {name}; there are {}", names(&Self::ALL))
        })
    }
}

fn names(parts: &[Part]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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
    #[must_use]
    pub fn without(parts: impl IntoIterator<Item = Part>) -> Self {
        Self { without: parts.into_iter().fold(0, |all, part| all | 1 << part as u8) }
    }

    /// True when the ranking uses the part.
    #[must_use]
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
        for part in Part::ALL {
            let named: Part = part.to_string().parse().expect("its own name");
            let parts = RankingParts::without([named]);
            for other in Part::ALL {
                assert_eq!(parts.has(other), other != part, "{other} without {part}");
            }
        }
        let error = "luck".parse::<Part>().expect_err("no such part");
        assert!(error.contains("luck") && error.contains("synonyms"), "{error}");
    }
}
