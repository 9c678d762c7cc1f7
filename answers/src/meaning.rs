//! Combines the encoders' similarities of a question and a manual's windows for the ranking.
//!
//! Cosines compare the windows of one manual; the score is the difference to the manual's mean.
//! The weights are fitted on customers' questions about real manuals (`docs/performance.md`).

use super::index::Index;

/// Weight of a multilingual encoder, on big windows: it distinguishes subjects, not sentences.
const MULTILINGUAL: f32 = 4.0;
/// Weight of an English encoder on small windows, and on the big ones around them.
const ENGLISH: (f32, f32) = (1.0, 0.5);

/// The similarity of each window to the question for one encoder: the cosines, big windows first.
pub struct Nearness {
    /// True for a multilingual encoder.
    pub multilingual: bool,
    /// The cosines of the windows it reads, big ones first; a multilingual encoder reads only those.
    pub cosines: Vec<f32>,
}

/// The semantic score of each small window.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    /// By small window.
    pub spans: Vec<f32>,
    /// The English encoder's cosine of each small window, if it read the question.
    pub english: Option<Vec<f32>>,
    /// By small window: the multilingual encoder's cosine of the big window around it.
    pub multilingual: Option<Vec<f32>>,
}

impl Meaning {
    /// Combines the encoders. An English encoder does not read a question in another language. `None` if no
    /// encoder reads the question, or if the numbers of vectors and windows differ.
    pub(super) fn of(index: &Index, all: &[Nearness], english: bool) -> Option<Self> {
        let spans = index.spans();
        let (big, small) = (spans.big_words.len(), spans.small.len());
        let mut meaning = Self { spans: vec![0.0; small], ..Self::default() };
        let mut read = false;
        for Nearness { multilingual, cosines } in all {
            let windows = if *multilingual { big } else { big + small };
            if cosines.len() != windows || !multilingual && !english {
                continue;
            }
            read = true;
            let (of_big, of_small) = cosines.split_at(big);
            let (big_mean, small_mean) = (mean(of_big), mean(of_small));
            for (at, span) in spans.small.iter().enumerate() {
                let around = of_big[span.parent] - big_mean;
                meaning.spans[at] += if *multilingual {
                    MULTILINGUAL * around
                } else {
                    ENGLISH.0 * (of_small[at] - small_mean) + ENGLISH.1 * around
                };
            }
            if *multilingual {
                let around = spans.small.iter().map(|span| of_big[span.parent]);
                meaning.multilingual = Some(around.collect());
            } else {
                meaning.english = Some(of_small.to_vec());
            }
        }
        read.then_some(meaning)
    }
}

fn mean(of: &[f32]) -> f32 {
    of.iter().sum::<f32>() / of.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::super::fixture::manual;
    use super::*;

    fn near(index: &Index, multilingual: bool, window: usize) -> Nearness {
        let small = if multilingual { 0 } else { index.spans().small.len() };
        let windows = index.spans().big_words.len() + small;
        let cosines = (0..windows).map(|at| if at == window { 0.9 } else { 0.1 }).collect();
        Nearness { multilingual, cosines }
    }

    #[test]
    fn a_nearer_window_scores_higher_and_an_english_encoder_reads_english_only() {
        let index = Index::of(&manual());
        let big = index.spans().big_words.len();
        let best = |meaning: &Meaning| {
            (0..meaning.spans.len()).max_by(|a, b| meaning.spans[*a].total_cmp(&meaning.spans[*b]))
        };
        let english = Meaning::of(&index, &[near(&index, false, big + 2)], true).expect("read");
        assert_eq!(best(&english), Some(2));
        assert!(english.english.is_some());
        assert_eq!(Meaning::of(&index, &[near(&index, false, big + 2)], false), None);
        let parent = index.spans().small[2].parent;
        let many = Meaning::of(&index, &[near(&index, true, parent)], false).expect("read");
        assert_eq!(best(&many).map(|at| index.spans().small[at].parent), Some(parent));
    }

    #[test]
    fn vectors_of_other_windows_are_not_used() {
        let index = Index::of(&manual());
        let other = Nearness { multilingual: true, cosines: vec![0.5; 3] };
        assert_eq!(Meaning::of(&index, &[other], true), None);
    }
}
