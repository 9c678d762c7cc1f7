//! Makes an answer for a session: waits for a slot, counts, and numbers the events.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _};
use hsc_monitoring::Metrics;
use tokio::time::Instant;

use super::{QueueOutcome, QueueUpdate, SessionContext};
use crate::span::Span;
use hsc_conversation::ClientKey;
use hsc_conversation::Input;
use hsc_conversation::answer::{AnswerEvent, Question};

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
    let (mut first, mut is_over) = (None, false);
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
            describe(&mut span, &event);
            let first_words =
                count(&context.services.metrics, &event, asked_at, &mut first).map(|after| {
                    let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    Input::FirstWords { answer, after_ms }
                });
            stream::iter([first_words, Some(Input::Answering { answer, event })])
        })
        .filter_map(std::future::ready)
        .boxed()
}

/// Adds the attributes of the span that an event tells; the last event ends it.
fn describe(span: &mut Span, event: &AnswerEvent) {
    match event {
        AnswerEvent::FromCache => span.set("cached", true),
        AnswerEvent::Done(done) => {
            span.set("outcome", done.outcome.as_str());
            span.set("answerer", done.answerer.as_str());
            if let Some(reason) = &done.fallback {
                span.set("fallback", reason.as_str());
            }
            span.finish();
        }
        _ => {}
    }
}

/// Adds the time until the first words, with the first words.
fn count(
    metrics: &Metrics,
    event: &AnswerEvent,
    asked_at: Instant,
    first: &mut Option<Duration>,
) -> Option<Duration> {
    match event {
        AnswerEvent::Chunk(_) if first.is_none() => {
            *first = Some(asked_at.elapsed());
            metrics.answers.first_chunk(asked_at.elapsed());
            return *first;
        }
        AnswerEvent::Done(done) => {
            let (who, how) = (done.answerer.as_str(), done.outcome.as_str());
            metrics.answers.done(who, how, asked_at.elapsed());
            if let Some(reason) = &done.fallback {
                metrics.answers.fell_back(reason);
            }
        }
        _ => {}
    }
    None
}
