//! The stream of the extractive answerer, with a manual made by hand.

pub(super) mod fixture;

use std::sync::Arc;

use hsc_actors::ports::{Answerer as _, ManualError};
use hsc_answers::encoder::{Embedder, ManualTexts, ManualVectors, QueryVectors};
use hsc_answers::fixture::manual;
use hsc_catalogs::Suggestion;
use hsc_conversation::answer::Outcome;

use self::fixture::{answerer, events_of, question};

#[actix_web::test]
async fn the_first_chunk_is_one_sentence_and_all_chunks_are_the_text() {
    let answerer = answerer(Ok(manual()), None);
    let (chunks, answer) = events_of(&answerer, question("How do I pair my phone?")).await;
    assert!(chunks.len() > 4, "{chunks:?}");
    assert_eq!(chunks.concat(), answer.text);
}

/// A model that has embedded no manual yet, or no model.
struct NoVectors {
    works: bool,
}

impl Embedder for NoVectors {
    fn query(&self, _: &str) -> Option<QueryVectors> {
        None
    }

    fn multilingual(&self) -> Vec<bool> {
        if self.works { vec![true] } else { Vec::new() }
    }

    fn vectors(&self, _: &Arc<ManualTexts>) -> Option<Arc<ManualVectors>> {
        None
    }
}

#[actix_web::test]
async fn an_answer_without_vectors_yet_is_provisional() {
    for works in [true, false] {
        let answerer = answerer(Ok(manual()), Some(Arc::new(NoVectors { works })));
        let (_, answer) = events_of(&answerer, question("How do I pair my phone?")).await;
        assert_eq!(answer.provisional, works);
    }
}

#[actix_web::test]
async fn without_a_manual_the_stream_has_only_the_reason() {
    let failed = ManualError::new("encrypted", "The manual is locked.", "a password");
    let answerer = answerer(Err(failed), None);
    let (chunks, answer) = events_of(&answerer, question("How do I pair my phone?")).await;
    assert!(chunks.is_empty());
    let words = "The manual is locked.".to_owned();
    assert_eq!(answer.outcome, Outcome::NoManual { code: "encrypted", words });
}

#[actix_web::test]
async fn a_suggestion_is_confirmed_when_its_own_page_answers_it() {
    let answerer = answerer(Ok(manual()), None);
    let manual = Arc::new(manual());
    let suggestion = |text: &str, pages| Suggestion { text: text.to_owned(), pages };
    let suggestions = vec![
        suggestion("Pairing a phone", (2, 3)),
        suggestion("Pairing a phone in a car", (5, 5)),
        suggestion("Baking bread", (1, 9)),
        suggestion("Thank you", (1, 9)),
    ];
    let product = question("").product;
    for _ in 0..2 {
        let confirm =
            answerer.confirm(Arc::clone(&product), Arc::clone(&manual), suggestions.clone());
        assert_eq!(confirm.await, [true, false, false, false]);
    }
}
