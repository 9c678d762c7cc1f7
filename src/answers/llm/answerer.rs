//! Answers a question with the language model, or with the manual's own words when the model fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use hsc_actors::{Span, logged_trace};
use hsc_answers::Composed;
use hsc_answers::llm::{ModelOutput, Prompt, Retrieval};
use hsc_config::LlmSettings;
use hsc_conversation::BoxError;
use hsc_conversation::answer::{Answer, AnswerEvent, AnswererName, Question};
use hsc_conversation::protocol::{Image, ImageFile};
use hsc_monitoring::Metrics;
use tokio::time::{Instant, timeout_at};

use super::super::extractive::{
    EventSender, Extractive, OpenManual, answer_question, answered, trace_features,
};
use super::endpoint::{Delta, Endpoint, Finish, LlmError};
use super::limits::{ModelLimits, PICTURE_TOKENS, Spending, Usage};
use crate::outbound::OutboundTls;

/// How long the stream is read on after the finish reason. Some endpoints send it with
/// each piece, others never close the connection.
const AFTER_FINISH: Duration = Duration::from_millis(500);

/// Answers with a language model, and without it when it fails. Cheap to clone.
#[derive(Clone)]
pub(in super::super) struct Llm(Arc<Model>);

struct Model {
    endpoint: Endpoint,
    limits: Arc<ModelLimits>,
    metrics: Arc<Metrics>,
    /// True when the last answer began with reasoning without an opening tag: the chat template of
    /// such a model writes the tag, so the next answer begins in the same way.
    begins_inside: AtomicBool,
}

/// A question and its retrieved passages.
struct Case<'a> {
    extractive: &'a Extractive,
    question: &'a Question,
    open: &'a OpenManual,
    retrieval: &'a Retrieval<'a>,
}

/// The model's output so far.
struct GeneratedText<'a> {
    output: ModelOutput<'a>,
    /// True once any text arrived, including reasoning and text that is held back.
    has_received: bool,
}

impl Llm {
    /// Over the configured endpoint.
    ///
    /// # Errors
    /// When no HTTP client can be created.
    pub(in super::super) fn new(
        settings: &LlmSettings,
        tls: &OutboundTls,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BoxError> {
        Ok(Self(Arc::new(Model {
            endpoint: Endpoint::new(settings, tls)?,
            limits: ModelLimits::new(settings, Arc::clone(metrics)),
            metrics: Arc::clone(metrics),
            begins_inside: AtomicBool::new(false),
        })))
    }

    /// Answers a question from its manual; falls back to `extractive`, which also opens the manual.
    pub(in super::super) async fn tell(
        self,
        extractive: Extractive,
        question: Question,
        mut teller: EventSender,
    ) {
        let Some(open) = extractive.open(&question, &mut teller).await else { return };
        let retrieval = Retrieval::new(
            answer_question(&question),
            &open.manual,
            &open.index,
            &open.near.encoders,
            extractive.measure,
            self.0.endpoint.settings.context_chars,
        );
        trace_features(retrieval.features());
        let output = ModelOutput::new(&retrieval, self.0.begins_inside.load(Ordering::Relaxed));
        let mut generated = GeneratedText { output, has_received: false };
        let case = Case {
            extractive: &extractive,
            question: &question,
            open: &open,
            retrieval: &retrieval,
        };
        let (composed, answerer, fallback) =
            match self.ask(&case, &mut generated, &mut teller).await {
                Ok(()) => (generated.output.into_answer(), AnswererName::Llm, None),
                Err(error) => {
                    generated.finish(&mut teller).await;
                    let reason = error.label(generated.output.has_spoken());
                    let composed = fall_back(&case, generated, &error, reason);
                    (composed, AnswererName::Extractive, Some(reason.to_owned()))
                }
            };
        let answer = answered(composed.answer, open.near.pending);
        teller.finish(composed.chunks, Answer { answerer, fallback, ..answer }).await;
    }

    /// Sends the model's text as it arrives.
    async fn ask(
        &self,
        case: &Case<'_>,
        generated: &mut GeneratedText<'_>,
        teller: &mut EventSender,
    ) -> Result<(), LlmError> {
        if case.retrieval.is_empty() {
            // Without passages the model could only guess.
            return Err(LlmError::Empty);
        }
        let fence = format!("{:016x}", rand::random::<u64>());
        let prompt = case.retrieval.prompt(&fence);
        let image = case.question.image.as_ref().and_then(Image::file);
        let tokens = prompt.tokens() + image.map_or(0, |_| PICTURE_TOKENS);
        let most = u64::from(self.0.endpoint.settings.max_tokens);
        let admitted = self.0.limits.admit(&case.question.asker, tokens, most);
        let mut spending = admitted.map_err(|(scope, used)| LlmError::Limited { scope, used })?;
        let mut span = self.span(case);
        let outcome = self.exchange((&prompt, image), generated, &mut spending, teller).await;
        let Usage { prompt, completion } = spending.used();
        span.set("gen_ai.usage.input_tokens", i64::try_from(prompt).unwrap_or(i64::MAX));
        span.set("gen_ai.usage.output_tokens", i64::try_from(completion).unwrap_or(i64::MAX));
        if let Err(error) = &outcome {
            span.set("error", error.label(generated.output.has_spoken()));
            span.fail();
        }
        outcome
    }

    /// The span of one request, named and described as OpenTelemetry's conventions for generative models say.
    fn span(&self, case: &Case<'_>) -> Span {
        let mut span = Span::start_request(&self.0.metrics, "llm.chat", case.question.asker.trace);
        let (model, host) = self.0.endpoint.names();
        span.set("gen_ai.operation.name", "chat");
        span.set("gen_ai.request.model", model);
        span.set("server.address", host);
        span
    }

    /// One request, and the text of its response as it arrives.
    async fn exchange(
        &self,
        (prompt, image): (&Prompt, Option<&ImageFile>),
        generated: &mut GeneratedText<'_>,
        spending: &mut Spending,
        teller: &mut EventSender,
    ) -> Result<(), LlmError> {
        let endpoint = &self.0.endpoint;
        let timeout = Duration::from_millis(endpoint.settings.timeout_ms);
        let first_token_timeout = Duration::from_millis(endpoint.settings.first_token_timeout_ms);
        let began = Instant::now();
        let end = (began + timeout, timeout);
        let first = (began + first_token_timeout.min(timeout), first_token_timeout);
        let late = |(_, limit): (Instant, Duration)| {
            LlmError::TimeOut(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
        };
        let asked = timeout_at(first.0, endpoint.ask(prompt, image)).await;
        let mut deltas = asked.map_err(|_| late(first))??;
        spending.sent = true;
        let mut finish = None;
        loop {
            let limit = match finish {
                Some(_) => (end.0.min(Instant::now() + AFTER_FINISH), AFTER_FINISH),
                None if generated.has_received => end,
                None => first,
            };
            match timeout_at(limit.0, deltas.next()).await {
                Ok(Some(Ok(delta))) => {
                    spending.says(&delta.text);
                    spending.usage = delta.usage.or(spending.usage);
                    generated.receive(&delta, teller).await;
                    finish = finish.or(delta.finish);
                    if delta.last || finish == Some(Finish::Cut) {
                        break;
                    }
                }
                Ok(None) => break,
                // The answer is complete; a later error does not matter.
                Ok(Some(Err(_))) | Err(_) if finish.is_some() => break,
                Ok(Some(Err(error))) => return Err(error),
                Err(_) => return Err(late(limit)),
            }
        }
        generated.finish(teller).await;
        self.0.begins_inside.store(generated.output.began_inside(), Ordering::Relaxed);
        match finish {
            // A connection that breaks between two pieces looks like an end.
            Some(Finish::Cut) => Err(LlmError::CutShort),
            _ if !generated.output.has_spoken() => Err(LlmError::Empty),
            None => Err(LlmError::CutShort),
            Some(Finish::Complete) => Ok(()),
        }
    }
}

/// The extractive answer in place of the model's.
fn fall_back(
    case: &Case<'_>,
    generated: GeneratedText<'_>,
    error: &LlmError,
    reason: &str,
) -> Composed {
    let trace = logged_trace(case.question.asker.trace);
    let is_limited = matches!(error, LlmError::Limited { .. });
    if is_limited {
        // Counted by a metric. Many refused questions must not flood the log.
        log::debug!(trace, reason, cause:% = error; "the language model was skipped");
    } else {
        log::warn!(trace, reason, cause:% = error; "the language model failed, using the extractive answer");
    }
    let extractive = case.extractive.compose(case.question, case.open);
    generated.output.fall_back(extractive, is_limited)
}

impl GeneratedText<'_> {
    async fn receive(&mut self, delta: &Delta, teller: &mut EventSender) {
        self.has_received |= delta.reasons || !delta.text.trim().is_empty();
        for words in self.output.push(&delta.text) {
            teller.tell(AnswerEvent::Chunk(words)).await;
        }
    }

    async fn finish(&mut self, teller: &mut EventSender) {
        if let Some(words) = self.output.finish() {
            teller.tell(AnswerEvent::Chunk(words)).await;
        }
    }
}
