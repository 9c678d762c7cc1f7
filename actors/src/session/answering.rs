//! Makes an answer for a session: waits for a slot, counts, and numbers the events.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use hsc_monitoring::Metrics;
use tokio::time::Instant;

use super::{QueueOutcome, QueueUpdate, SessionContext};
use crate::span::Span;
use hsc_conversation::answer::{AnswerEvent, Question};
use hsc_conversation::{ClientKey, Input};

/// The events of an answer, once it has a slot. The last event is the end of the answer or that it was lost.
pub(super) fn in_turn(
    context: &Arc<SessionContext>,
    client: Option<ClientKey>,
    answer: u64,
    question: Question,
) -> BoxStream<'static, Input> {
    let context = Arc::clone(context);
    match context.answer_queue.enter(client) {
        QueueOutcome::Now(permit) => answering(context, answer, question, permit),
        QueueOutcome::Full => stream::iter([Input::AnswerRefused { answer }]).boxed(),
        QueueOutcome::Later(place) => {
            let waits = place.updates().map(move |waited| match waited {
                QueueUpdate::At(place) => {
                    stream::iter([Input::AnswerWaits { answer, place }]).boxed()
                }
                QueueUpdate::Over(permit) => {
                    answering(Arc::clone(&context), answer, question.clone(), permit)
                }
            });
            waits.flatten().boxed()
        }
    }
}

/// The counted events of the answer; the caller holds one of the slots of concurrent answers.
fn answering(
    context: Arc<SessionContext>,
    answer: u64,
    mut question: Question,
    permit: tokio::sync::OwnedSemaphorePermit,
) -> BoxStream<'static, Input> {
    let asked_at = Instant::now();
    let mut span = Span::start(&context.services.metrics, "answer", question.asker.trace);
    question.asker.trace = span.context().or(question.asker.trace);
    // Called inside the stream and caught there: the visitor gets an error, the socket stays open.
    let begun = Arc::clone(&context);
    let events = async move { begun.answerer.answer(question) }.flatten_stream();
    let (mut has_words, mut is_over) = (false, false);
    let events = AssertUnwindSafe(events).catch_unwind().map(Some);
    // `None` is the end of the stream, which must not come before the last event.
    events
        .chain(stream::iter([None]))
        .flat_map(move |event| {
            let _held = &permit;
            let event = match event {
                Some(Ok(event)) => event,
                None if is_over => return stream::iter([None, None]),
                lost => {
                    is_over = true;
                    span.fail();
                    context.services.metrics.answers.lost(match lost {
                        Some(_) => "panicked",
                        None => "incomplete",
                    });
                    return stream::iter([Some(Input::AnswerLost { answer }), None]);
                }
            };
            is_over |= matches!(event, AnswerEvent::Done(_));
            let first_words = match &event {
                AnswerEvent::Chunk(_) if !std::mem::replace(&mut has_words, true) => {
                    let after = asked_at.elapsed();
                    context.services.metrics.answers.first_chunk(after);
                    let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    Some(Input::FirstWords { answer, after_ms })
                }
                event => {
                    count(&context.services.metrics, &mut span, event, asked_at);
                    None
                }
            };
            stream::iter([first_words, Some(Input::Answering { answer, event })])
        })
        .filter_map(std::future::ready)
        .boxed()
}

/// Counts the end of an answer, and adds what an event tells to the span; the last event ends it.
fn count(metrics: &Metrics, span: &mut Span, event: &AnswerEvent, asked_at: Instant) {
    match event {
        AnswerEvent::FromCache => span.set("cached", true),
        AnswerEvent::Done(done) => {
            let (who, how) = (done.answerer.as_str(), done.outcome.as_str());
            metrics.answers.done(who, how, asked_at.elapsed());
            span.set("outcome", how);
            span.set("answerer", who);
            if let Some(reason) = &done.fallback {
                metrics.answers.fell_back(reason);
                span.set("fallback", reason.as_str());
            }
            span.finish();
        }
        _ => {}
    }
}
