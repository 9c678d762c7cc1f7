//! Selects the accessory of a product that fits a question, if any.

use hsc_catalogs::Accessory;

use super::index::Index;
use super::question::Question;

/// Weight of a word of the question relative to a word of the answer.
const ASKED: usize = 3;
/// Minimum points of a fitting accessory: one word of the question, or three of the answer.
const FITS: usize = 3;

/// The best accessory whose name, category or label is mentioned.
pub(super) fn fitting<'a>(
    question: &Question<'a>,
    index: &Index,
    answer_text: &str,
) -> Option<&'a Accessory> {
    let words = |text: &str| -> Vec<String> {
        let words = index.reader().words(text);
        // Words of the product's own name and short words carry no information.
        words
            .into_iter()
            .filter(|word| !word.common && !word.asking && word.term.chars().count() > 2)
            .map(|word| word.term)
            .collect()
    };
    let product = words(&format!("{} {}", question.product.name, question.product.brand_name));
    let (question_words, answer_words) = (words(question.text), words(answer_text));
    let points = |accessory: &Accessory| {
        let mut own =
            words(&format!("{} {} {}", accessory.name, accessory.category, accessory.label));
        own.sort();
        own.dedup();
        own.iter()
            .filter(|word| !product.contains(word))
            .map(|word| {
                ASKED * usize::from(question_words.contains(word))
                    + usize::from(answer_words.contains(word))
            })
            .sum::<usize>()
    };
    // The first of equals: a catalog lists the recommended one first.
    question
        .related
        .iter()
        .rev()
        .map(|accessory| (points(accessory), accessory))
        .filter(|(points, _)| *points >= FITS)
        .max_by_key(|(points, _)| *points)
        .map(|(_, accessory)| accessory)
}
