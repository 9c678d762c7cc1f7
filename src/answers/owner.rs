//! Answers a question about a product without a manual from the manual of a product that it belongs to.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use hsc_answers::{Phrases, html_paragraph};
use hsc_conversation::answer::{Answer, AnswerEvent, Outcome, Question};

use super::extractive::{EventSender, answer_question};

/// Most manuals that are read for one question. A product may belong to dozens; the visitor waits meanwhile.
const MOST_OWNERS: usize = 3;

/// Tries the owners of a product without a manual, and names the one whose manual answers. `of_product` answers from the
/// manual of a question's product.
pub(super) async fn tell(
    of_product: impl Fn(Question) -> BoxStream<'static, AnswerEvent>,
    mut question: Question,
    mut teller: EventSender,
) {
    teller.tell(AnswerEvent::Reading).await;
    let owners = std::mem::take(&mut question.owners);
    let mut likely = None;
    let mut found = None;
    for owner in owners.into_iter().take(MOST_OWNERS) {
        let name = owner.name.clone();
        let owned_question = Question { product: owner, ..question.clone() };
        match whole(of_product(owned_question)).await {
            Some((chunks, answer)) if answer.outcome == Outcome::Answered => {
                found = Some((name, chunks, answer));
                break;
            }
            Some((chunks, answer)) if answer.outcome == Outcome::Likely => {
                likely = likely.or(Some((name, chunks, answer)));
            }
            _ => {}
        }
    }
    // Likely passages are more useful than the reply that the product has no manual.
    if let Some((name, chunks, mut answer)) = found.or(likely) {
        teller.tell(AnswerEvent::Thinking).await;
        let from = Phrases::of(&answer_question(&question)).of_owner.replace("{product}", &name);
        answer.text = format!("{from}\n\n{}", answer.text);
        answer.html = html_paragraph(&from) + &answer.html;
        teller.tell(AnswerEvent::Chunk(format!("{from}\n\n"))).await;
        for chunk in chunks {
            teller.tell(AnswerEvent::Chunk(chunk)).await;
        }
        return teller.end(answer).await;
    }
    let mut events = of_product(question);
    while let Some(event) = events.next().await {
        if event != AnswerEvent::Reading {
            teller.tell(event).await;
        }
    }
}

/// A whole answer, because only its end says whether the manual answers.
async fn whole(mut events: BoxStream<'static, AnswerEvent>) -> Option<(Vec<String>, Answer)> {
    let mut chunks = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            AnswerEvent::Chunk(chunk) => chunks.push(chunk),
            AnswerEvent::Done(answer) => return Some((chunks, *answer)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::stream;
    use hsc_catalogs::Product;

    use super::super::extractive::stream_of;
    use super::super::tests::fixture;
    use super::*;

    /// Answers for the product of this name, has likely passages for a `Maybe`, and replies that the others have no
    /// manual or no answer.
    fn answer_only(only: &str, question: &Question) -> BoxStream<'static, AnswerEvent> {
        let outcome = match &*question.product.name {
            name if name == only => Outcome::Answered,
            "Maybe" => Outcome::Likely,
            _ if question.product.documentation.is_some() => Outcome::Unknown,
            _ => Outcome::NoManual { code: "none", words: "There is none.".to_owned() },
        };
        let text = format!("About {}.", question.product.name);
        let answer = fixture::answer(outcome, &text);
        stream::iter([
            AnswerEvent::Reading,
            AnswerEvent::Thinking,
            AnswerEvent::Chunk(text),
            AnswerEvent::Done(Box::new(answer)),
        ])
        .boxed()
    }

    async fn answer_of(only: &'static str, locale: Option<&str>) -> (String, Outcome) {
        told_of(only, locale, ["Kettle", "Maker"]).await
    }

    async fn told_of(
        only: &'static str,
        locale: Option<&str>,
        owners: [&str; 2],
    ) -> (String, Outcome) {
        let question = fixture::question("How do I descale it?");
        let named = |name: &str| Product { name: name.into(), ..(*question.product).clone() };
        let question = Question {
            product: Arc::new(Product { documentation: None, ..named("Cup") }),
            owners: owners.into_iter().map(|name| Arc::new(named(name))).collect(),
            locale: locale.map(str::to_owned),
            ..question
        };
        let of_product = move |question| answer_only(only, &question);
        let events: Vec<AnswerEvent> =
            stream_of(|teller| tell(of_product, question, teller)).collect().await;
        let is_reading = |event: &&AnswerEvent| **event == AnswerEvent::Reading;
        assert_eq!(events.iter().filter(is_reading).count(), 1, "it is read once for the visitor");
        let mut text = String::new();
        for event in events {
            match event {
                AnswerEvent::Chunk(chunk) => text.push_str(&chunk),
                AnswerEvent::Done(answer) => return (text, answer.outcome),
                _ => {}
            }
        }
        panic!("an answer has an end");
    }

    #[actix_web::test]
    async fn the_manual_of_an_owner_answers_and_is_named() {
        let (text, outcome) = answer_of("Maker", None).await;
        assert_eq!(outcome, Outcome::Answered);
        assert!(text.contains("the manual of Maker"), "{text}");
        assert!(text.ends_with("About Maker."), "what the other owner said is left out: {text}");
        let (text, _) = answer_of("Maker", Some("he")).await;
        assert!(text.contains("Maker") && !text.contains("manual of"), "{text}");
    }

    #[actix_web::test]
    async fn without_an_answer_of_an_owner_the_product_has_no_manual() {
        let (text, outcome) = answer_of("Another", None).await;
        assert!(matches!(outcome, Outcome::NoManual { code: "none", .. }), "{outcome:?}");
        assert_eq!(text, "About Cup.");
    }

    #[tokio::test]
    async fn likely_passages_of_an_owner_are_shown_without_an_answer() {
        let (text, outcome) = told_of("Maker", None, ["Maybe", "Maker"]).await;
        assert_eq!(outcome, Outcome::Answered);
        assert!(text.ends_with("About Maker."), "{text}");
        let (text, outcome) = told_of("none of them", None, ["Kettle", "Maybe"]).await;
        assert_eq!(outcome, Outcome::Likely);
        assert!(text.contains("Maybe") && text.ends_with("About Maybe."), "{text}");
    }
}
