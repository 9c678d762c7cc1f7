//! From a question to the model's answer, or to the manual's own words when the model has trouble.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use hsc_actors::ports::{
    Answer, AnswerEvent, Answerer, AnswererName, BoxError, Outcome, Question, Suggestion,
};
use hsc_catalogs::{Citation, Manual, Product};
use hsc_config::LlmSettings;
use hsc_monitoring::Metrics;
use tokio::time::{Instant, timeout_at};

use super::super::compose::{Composed, Look, compose_likely, look, pages_pending, quote};
use super::super::extractive::{Extractive, small_talk};
use super::super::html;
use super::super::index::Index;
use super::super::markers::{Marker, Part, parts};
use super::super::meaning::Nearby;
use super::super::phrases::Phrases;
use super::super::select::{self, Piece};
use super::super::telling::{Teller, stream_of};
use super::super::text::sentences;
use super::super::turn::Turn;
use super::checked::Checker;
use super::endpoint::{Delta, Endpoint, Finish};
use super::limits::ModelLimits;
use super::prompt::{Given, Prompt, gather};
use super::reasoning::ReasoningFilter;
use super::trouble::Trouble;

/// Confidence of an answer without a page for every statement, at most: it may be right, and nobody
/// can check it.
const UNCHECKED: f32 = 0.5;
/// Words in characters from which a block is a statement that needs a page. `Here is how:` is none.
const STATEMENT_CHARS: usize = 40;
/// How long the stream is read on after the model said that it has ended. Some endpoints say so with
/// each piece, others keep the connection open for good.
const AFTER_FINISH: Duration = Duration::from_millis(500);

/// Answers with a language model, and without it when it fails.
#[derive(Clone)]
pub struct Llm {
    parts: Arc<Parts>,
}

struct Parts {
    extractive: Extractive,
    endpoint: Endpoint,
    timeout: Duration,
    first_token_timeout: Duration,
    context_chars: usize,
    max_tokens: u64,
    limits: Arc<ModelLimits>,
    /// True when the last answer began with reasoning that had no opening tag: the chat template of
    /// such a model writes the tag, so the next answer begins in the same way.
    begins_inside: AtomicBool,
}

/// A question and everything that was found for it.
struct Case {
    question: Question,
    manual: Arc<Manual>,
    index: Arc<Index>,
    near: Nearby,
    look: Look,
    given: Vec<Given>,
}

impl Llm {
    /// An answerer that asks the endpoint of the settings and falls back to `extractive`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(in super::super) fn new(
        settings: &LlmSettings,
        extractive: Extractive,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BoxError> {
        let parts = Parts {
            extractive,
            endpoint: Endpoint::new(settings)?,
            timeout: Duration::from_millis(settings.timeout_ms),
            first_token_timeout: Duration::from_millis(settings.first_token_timeout_ms),
            context_chars: settings.context_chars,
            max_tokens: u64::from(settings.max_tokens),
            limits: ModelLimits::new(settings, Arc::clone(metrics)),
            begins_inside: AtomicBool::new(false),
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    async fn tell(self, question: Question, mut teller: Teller) {
        let Parts { extractive, context_chars, .. } = &*self.parts;
        if let Turn::SmallTalk(reply) = Turn::of(&question) {
            return small_talk(reply, &question, &mut teller).await;
        }
        teller.tell(AnswerEvent::Reading).await;
        let (manual, index) = match extractive.open(&question).await {
            Ok(open) => open,
            Err(answer) => return teller.tell(AnswerEvent::Done(Box::new(answer))).await,
        };
        teller.tell(AnswerEvent::Thinking).await;
        let near = extractive.nearness(&question, &manual, &index).await;
        let look = look(&question, &manual, &index, &near.encoders, extractive.measure());
        let best = &look.hits[..look.hits.len().min(extractive.measure().max_passages)];
        let given = gather(&manual, &index, best, *context_chars);
        let case = Case { question, manual, index, near, look, given };
        let mut said = Said::new(&case, self.parts.begins_inside.load(Ordering::Relaxed));
        let answer = match self.ask(&case, &mut said, &mut teller).await {
            Ok(()) if said.checker.unknown => self.unknown(&case, said, &mut teller).await,
            Ok(()) => said.answer(&case),
            Err(trouble) => self.fall_back(&case, said, &trouble, &mut teller).await,
        };
        teller.tell(AnswerEvent::Done(Box::new(answer))).await;
    }

    /// Tells the model's words as they come.
    async fn ask(&self, case: &Case, said: &mut Said, teller: &mut Teller) -> Result<(), Trouble> {
        let Parts { endpoint, timeout, first_token_timeout, max_tokens, limits, .. } = &*self.parts;
        if case.given.is_empty() {
            // Nothing to rest an answer on: the model could only guess.
            return Err(Trouble::Empty);
        }
        let began = Instant::now();
        let end = (began + *timeout, *timeout);
        let first = (began + (*first_token_timeout).min(*timeout), *first_token_timeout);
        let late = |(_, limit): (Instant, Duration)| {
            Trouble::TimeOut(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))
        };
        let fence = format!("{:016x}", rand::random::<u64>());
        let prompt = Prompt::new(&case.question, &case.given, pages_pending(&case.manual), &fence);
        let admitted = limits.admit(&case.question.asker, prompt.tokens(), *max_tokens);
        let mut spending = admitted.map_err(|(scope, used)| Trouble::Limited { scope, used })?;
        let asked = timeout_at(first.0, endpoint.ask(&prompt)).await;
        let mut deltas = asked.map_err(|_| late(first))??;
        spending.is_sent();
        let mut finish = None;
        loop {
            let limit = match finish {
                Some(_) => (end.0.min(Instant::now() + AFTER_FINISH), AFTER_FINISH),
                None if said.heard => end,
                None => first,
            };
            match timeout_at(limit.0, deltas.next()).await {
                Ok(Some(Ok(delta))) => {
                    spending.says(&delta.text);
                    delta.usage.into_iter().for_each(|usage| spending.counts(usage));
                    said.hear(&delta, teller).await;
                    finish = finish.or(delta.finish);
                    if delta.last || finish == Some(Finish::Cut) {
                        break;
                    }
                }
                Ok(None) => break,
                // The answer is complete; what goes wrong behind it does not make it less so.
                Ok(Some(Err(_))) | Err(_) if finish.is_some() => break,
                Ok(Some(Err(trouble))) => return Err(trouble),
                Err(_) => return Err(late(limit)),
            }
        }
        said.finish(teller).await;
        self.parts.begins_inside.store(said.reasoning.began_inside(), Ordering::Relaxed);
        match finish {
            // A connection that breaks between two pieces looks like an end.
            Some(Finish::Cut) => Err(Trouble::CutShort),
            _ if said.text.trim().is_empty() => Err(Trouble::Empty),
            None => Err(Trouble::CutShort),
            Some(Finish::Complete) => Ok(()),
        }
    }

    /// The model found no answer. Passages that may answer are shown all the same, where the ranking has some.
    async fn unknown(&self, case: &Case, said: Said, teller: &mut Teller) -> Answer {
        let measure = self.parts.extractive.measure();
        let answer = said.answer(case);
        let likely = compose_likely(&case.question, &case.manual, &case.index, &case.look, measure);
        let Some(Composed { chunks, answer: likely }) = likely else { return answer };
        let mut markdown = format!("{}\n\n", answer.text);
        let mut text = markdown.clone();
        teller.tell(AnswerEvent::Chunk("\n\n".to_owned())).await;
        for chunk in chunks {
            markdown += &chunk.markdown;
            text += &chunk.text;
            teller.tell(AnswerEvent::Chunk(chunk.text)).await;
        }
        let page = &Phrases::of(&case.question).page;
        Answer {
            html: html::render(&markdown, &case.question.product.id, page),
            text,
            outcome: Outcome::Likely,
            citations: likely.citations,
            confidence: likely.confidence,
            grounded: likely.grounded,
            ..answer
        }
    }

    /// Says that the model failed, and answers with the manual's own words.
    async fn fall_back(
        &self,
        case: &Case,
        mut said: Said,
        trouble: &Trouble,
        teller: &mut Teller,
    ) -> Answer {
        said.finish(teller).await;
        let has_spoken = !said.text.trim().is_empty();
        let reason = trouble.label(has_spoken);
        let is_limited = matches!(trouble, Trouble::Limited { .. });
        if is_limited {
            // Counted by a metric. A flood of questions must not become a flood of lines.
            log::debug!(reason, cause:% = trouble; "the language model was not asked");
        } else {
            log::warn!(reason, cause:% = trouble; "the language model did not answer, the manual's own words do");
        }
        let phrases = Phrases::of(&case.question);
        let notice = if has_spoken {
            format!("\n\n{}\n\n", phrases.broke_off)
        } else if is_limited {
            format!("{}\n\n", phrases.limited)
        } else {
            format!("{}\n\n", phrases.fallback)
        };
        teller.tell(AnswerEvent::Chunk(notice.clone())).await;
        let Composed { chunks, answer } =
            self.parts.extractive.compose(&case.question, &case.manual, &case.index, &case.near);
        let mut markdown = format!("{}{notice}", said.text);
        for chunk in chunks {
            markdown += &chunk.markdown;
            teller.tell(AnswerEvent::Chunk(chunk.text)).await;
        }
        let mut citations = said.citations(case);
        citations.extend(
            answer
                .citations
                .into_iter()
                .filter(|own| said.checker.cited.iter().all(|page| *page != own.page)),
        );
        Answer {
            text: format!("{}{notice}{}", said.text, answer.text),
            html: html::render(&markdown, &case.question.product.id, &phrases.page),
            citations,
            outcome: answer.outcome,
            confidence: answer.confidence,
            grounded: answer.grounded && (!has_spoken || said.is_grounded()),
            answerer: answer.answerer,
            fallback: Some(reason.to_owned()),
            stale_manual: answer.stale_manual,
            provisional: answer.provisional,
            pages_pending: answer.pages_pending,
        }
    }
}

impl Answerer for Llm {
    fn answer(&self, question: Question) -> BoxStream<'static, AnswerEvent> {
        let this = self.clone();
        stream_of(|teller| this.tell(question, teller))
    }

    fn sees_pictures(&self) -> bool {
        true
    }

    /// The model reads the turns before every question; only small talk needs none.
    fn reduced(&self, question: Question) -> Question {
        match Turn::of(&question) {
            Turn::SmallTalk(_) => Question { previous: Vec::new(), ..question },
            _ => question,
        }
    }

    fn prepare(&self, product: Arc<Product>, manual: Arc<Manual>) -> BoxFuture<'static, ()> {
        self.parts.extractive.prepare(product, manual)
    }

    fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> BoxFuture<'static, Vec<bool>> {
        self.parts.extractive.confirm(product, manual, suggestions)
    }
}

/// What the model has said so far.
struct Said {
    reasoning: ReasoningFilter,
    checker: Checker,
    text: String,
    /// True once any word came, also one that is held back, and reasoning.
    heard: bool,
}

impl Said {
    fn new(case: &Case, begins_inside: bool) -> Self {
        let accessories =
            case.question.related.iter().map(|accessory| accessory.name.clone()).collect();
        let checker = Checker::new(case.given.iter().map(|given| given.page), accessories);
        let reasoning = ReasoningFilter::new(begins_inside);
        Self { reasoning, checker, text: String::new(), heard: false }
    }

    async fn hear(&mut self, delta: &Delta, teller: &mut Teller) {
        self.heard |= delta.reasons || !delta.text.trim().is_empty();
        let filtered = self.reasoning.push(&delta.text);
        if filtered.retracts {
            // What was shown cannot be taken back from the stream, but the answer is without it.
            self.checker.restart();
            if !std::mem::take(&mut self.text).is_empty() {
                teller.tell(AnswerEvent::Chunk("\n\n".to_owned())).await;
            }
        }
        let words = self.checker.push(&filtered.text);
        self.show(words, teller).await;
    }

    async fn finish(&mut self, teller: &mut Teller) {
        let rest = self.reasoning.finish();
        let words = self.checker.push(&rest) + &self.checker.finish();
        self.show(words, teller).await;
    }

    async fn show(&mut self, words: String, teller: &mut Teller) {
        // Models like to begin with a line break; what was struck may leave one.
        let words = if self.text.is_empty() { words.trim_start() } else { &words };
        if !words.is_empty() {
            self.text.push_str(words);
            teller.tell(AnswerEvent::Chunk(words.to_owned())).await;
        }
    }

    fn answer(self, case: &Case) -> Answer {
        let page = &Phrases::of(&case.question).page;
        let grounded = self.is_grounded();
        let sure = case.look.sure;
        Answer {
            outcome: if self.checker.unknown { Outcome::Unknown } else { Outcome::Answered },
            html: html::render(&self.text, &case.question.product.id, page),
            citations: self.citations(case),
            confidence: if grounded { sure.max(UNCHECKED) } else { sure.min(UNCHECKED) },
            grounded,
            answerer: AnswererName::Llm,
            fallback: None,
            stale_manual: case.manual.source.stale,
            provisional: case.near.pending || !case.manual.source.pending.is_empty(),
            pages_pending: pages_pending(&case.manual),
            text: self.text,
        }
    }

    /// True when each paragraph or list that states something cites a page, and nothing was struck.
    fn is_grounded(&self) -> bool {
        let states = |block: &&str| {
            let parts = parts(block);
            let words = parts.iter().map(|part| match part {
                Part::Text(words) => words.trim().chars().count(),
                Part::Marker(_) => 0,
            });
            words.sum::<usize>() >= STATEMENT_CHARS && !block.trim_end().ends_with(':')
        };
        let cites = |block: &str| {
            parts(block).iter().any(|part| matches!(part, Part::Marker(Marker::Manual(_))))
        };
        !self.checker.unknown
            && self.checker.struck == 0
            && !self.checker.cited.is_empty()
            && self.text.split("\n\n").filter(states).all(cites)
    }

    fn citations(&self, case: &Case) -> Vec<Citation> {
        let words = |text: &str| -> HashSet<String> {
            let words = case.index.reader().words(text).into_iter();
            words.filter(|word| !word.common).map(|word| word.term).collect()
        };
        let answer = words(&self.text);
        let cite = |page: &u32| {
            // The sentence or row of the page that shares most with the answer.
            let share = |text: &str| {
                let own = words(text);
                own.intersection(&answer).count() as f32 / (own.len() as f32 + 1.0).sqrt()
            };
            let pieces = select::quotable(&case.manual, *page);
            let quoted = select::most_telling(&pieces, share).map(Piece::quoted);
            // A page of which only the plain text is known.
            let quoted = quoted.unwrap_or_else(|| {
                let given = case.given.iter().filter(|given| given.page == *page);
                let all = given.flat_map(|given| sentences(&given.text));
                let best = all.max_by(|a, b| share(a).total_cmp(&share(b)));
                best.unwrap_or_default().to_owned()
            });
            let best = quoted.as_str();
            let own = words(best);
            let score = own.intersection(&answer).count() as f32 / (own.len() as f32).max(1.0);
            Citation {
                page: *page,
                page_label: case.manual.page_label(*page).map(str::to_owned),
                quote: quote(best),
                url: html::page_url(&case.question.product.id, *page),
                score: score.clamp(0.0, 1.0),
            }
        };
        self.checker.cited.iter().map(cite).collect()
    }
}
