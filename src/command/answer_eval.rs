//! `hsc answer-eval`: quality and speed of the answers for given manuals and questions.
//!
//! A question takes the same path as in a chat: loader, manual cache, answerer, its stream of events.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::StreamExt as _;
use hsc_actors::ports::Answerer;
use hsc_actors::{ManualCache, SupervisionConfig};
use hsc_answers::encoder::Embedder;
use hsc_answers::{Part, RankingParts};
use hsc_catalogs::{Documentation, DocumentationKind, Entry, Product, Scenario};
use hsc_config::Settings;
use hsc_conversation::answer::{Answer, AnswerEvent, Outcome, Question, Requester};
use hsc_monitoring::Metrics;
use serde::{Deserialize, Serialize};

use super::catalog::cannot;
use super::manuals::whole_manuals;
use crate::embeddings::EmbedNow;
use crate::outbound::OutboundTls;

/// Arguments of `hsc answer-eval`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the manuals.
    #[arg(long, value_name = "DIR")]
    manuals: PathBuf,
    /// Questions, one JSON object a line: manual (a file of the folder), question.
    #[arg(long, value_name = "FILE.jsonl")]
    questions: PathBuf,
    /// File for the results, one JSON object per line: manual, question, answered, pages, answer.
    #[arg(long, value_name = "RESULTS.jsonl")]
    out: PathBuf,
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Parts of the ranking to leave out, to see what each contributes: pages, headings, neighbors, form, windows,
    /// encoders, misspellings, synonyms.
    #[arg(long, value_name = "PART,PART", value_delimiter = ',')]
    without: Vec<Part>,
}

/// A line of the questions. The right pages, if the file has them, are counted.
#[derive(Debug, Deserialize)]
struct EvalQuestion {
    manual: String,
    question: String,
    pages: Option<Vec<u32>>,
    /// Also right for a question in another language than the manual's pages for it.
    #[serde(default)]
    other_language_pages: Vec<u32>,
    /// The kind of question, for the rows of the table.
    kind: Option<String>,
    /// Texts that an answer must contain to state the fact.
    #[serde(default)]
    must: Vec<String>,
}

/// The kind for which [`EvalQuestion::other_language_pages`] are right.
const FOREIGN: &str = "foreign";

impl EvalQuestion {
    fn is_right(&self, page: u32) -> bool {
        self.pages.as_ref().is_some_and(|pages| pages.contains(&page))
            || self.kind.as_deref() == Some(FOREIGN) && self.other_language_pages.contains(&page)
    }

    /// True when `answer` contains every required text, ignoring spaces, dashes and case.
    fn is_stated_in(&self, answer: &str) -> bool {
        let answer = flat(answer);
        self.must.iter().all(|must| answer.contains(&flat(must)))
    }
}

fn flat(text: &str) -> String {
    let dash = |c: &char| matches!(c, '\u{2010}'..='\u{2015}' | '-');
    text.to_lowercase().chars().filter(|c| !c.is_whitespace() && !dash(c)).collect()
}

/// A line of the results.
#[derive(Debug, Serialize)]
struct EvalResult<'a> {
    manual: &'a str,
    question: &'a str,
    answered: bool,
    /// The cited pages, first citation first. Empty for an "I don't know".
    pages: Vec<u32>,
    answer: &'a str,
    confidence: f32,
    /// The closest pages of an "I don't know".
    closest: Vec<u32>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let questions = read_questions(&args.questions)?;
    let out = File::create(&args.out).with_context(|| cannot("write", &args.out))?;
    let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
    hsc_monitoring::logging::init(&settings.log).context("cannot start the log")?;
    let report =
        actix::System::new().block_on(evaluate(args, settings, questions, BufWriter::new(out)))?;
    print!("{report}");
    Ok(ExitCode::SUCCESS)
}

async fn evaluate(
    args: &Args,
    mut settings: Settings,
    questions: Vec<EvalQuestion>,
    mut out: impl Write,
) -> anyhow::Result<Report> {
    let supervision = SupervisionConfig::from(&settings.actors);
    let metrics = Metrics::new();
    // Each question is asked of the whole manual.
    let tls = OutboundTls::new(&settings.outbound.ca_file)?;
    let (loader, limits) = whole_manuals(&settings, &args.manuals, &tls, &metrics)?;
    let (manual_cache, _root) =
        ManualCache::start(Arc::new(loader), limits, &supervision, &metrics);
    // An evaluation of a model sends all questions to it; the quotas are for visitors.
    settings.answers.llm.answers_per_minute = 0;
    settings.answers.llm.tokens_per_day = 0;
    let parts = RankingParts::without(args.without.iter().copied());
    let answerer = crate::answers::from(
        &settings.answers,
        Arc::new(manual_cache),
        embedder(&settings),
        parts,
        &tls,
        &metrics,
    )?;
    let products: BTreeMap<&str, Arc<Product>> = questions
        .iter()
        .map(|question| (question.manual.as_str(), Arc::new(product(&question.manual))))
        .collect();
    let mut report = Report::default();
    for (name, product) in &products {
        // The first question reads the manual and builds its index; that is not the time of an answer.
        let began = Instant::now();
        let first = ask(&*answerer, Arc::clone(product), "what is this").await?;
        if let Outcome::NoManual { words, .. } = first.answer.outcome {
            anyhow::bail!("cannot read {name}: {words}");
        }
        report.opening.push(((*name).to_owned(), began.elapsed()));
    }
    for question in &questions {
        let timed =
            ask(&*answerer, Arc::clone(&products[question.manual.as_str()]), &question.question)
                .await?;
        let pages: Vec<u32> = timed.answer.citations.iter().map(|citation| citation.page).collect();
        let answered = matches!(timed.answer.outcome, Outcome::Answered | Outcome::Likely);
        let (pages, closest) = if answered { (pages, Vec::new()) } else { (Vec::new(), pages) };
        report.count(question, answered, &pages, &timed);
        let line = EvalResult {
            manual: &question.manual,
            question: &question.question,
            answered,
            pages,
            answer: &timed.answer.text,
            confidence: timed.answer.confidence,
            closest,
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(report)
}

/// The configured model, if there is one: an evaluation waits for the vectors of each manual.
fn embedder(settings: &Settings) -> Option<Arc<dyn Embedder>> {
    let settings = &settings.answers.encoder;
    if !settings.enabled {
        return None;
    }
    match EmbedNow::load(settings) {
        Ok(encoder) => Some(Arc::new(encoder)),
        Err(error) => {
            eprintln!("words alone: {error}");
            None
        }
    }
}

/// An answer and its duration.
struct TimedAnswer {
    answer: Answer,
    first_chunk: Duration,
    whole: Duration,
}

async fn ask(
    answerer: &dyn Answerer,
    product: Arc<Product>,
    text: &str,
) -> anyhow::Result<TimedAnswer> {
    let question = Question {
        product,
        related: Vec::new(),
        owners: Vec::new(),
        text: text.to_owned(),
        previous: Vec::new(),
        scenario: Scenario::General,
        image: None,
        locale: None,
        asker: Requester::default(),
    };
    let began = Instant::now();
    let mut first_chunk = None;
    let mut events = answerer.answer(question);
    while let Some(event) = events.next().await {
        match event {
            AnswerEvent::Chunk(_) => _ = first_chunk.get_or_insert_with(|| began.elapsed()),
            AnswerEvent::Done(answer) => {
                let whole = began.elapsed();
                return Ok(TimedAnswer {
                    answer: *answer,
                    first_chunk: first_chunk.unwrap_or(whole),
                    whole,
                });
            }
            AnswerEvent::FromCache | AnswerEvent::Reading | AnswerEvent::Thinking => {}
        }
    }
    anyhow::bail!("the answer to {text:?} had no end")
}

/// A product with nothing but its manual: its name must not affect the words of a question.
fn product(manual: &str) -> Product {
    Product {
        id: manual.into(),
        name: "".into(),
        brand_id: "".into(),
        brand_name: "".into(),
        category: "".into(),
        model: None,
        aliases: Vec::new(),
        production_country: None,
        documentation: Some(Documentation {
            kind: if manual.ends_with(".html") || manual.ends_with(".htm") {
                DocumentationKind::Html
            } else {
                DocumentationKind::Pdf
            },
            url: manual.to_owned(),
            backup_url: None,
        }),
        relationships: Vec::new(),
        entry: Entry::from_map(&serde_json::Map::new()),
    }
}

/// The printed result.
#[derive(Debug, Default)]
struct Report {
    opening: Vec<(String, Duration)>,
    answerable: Vec<Judged>,
    unanswerable: usize,
    unanswerable_unknown: usize,
    first_chunk: Vec<Duration>,
    whole: Vec<Duration>,
}

/// An answerable question, and what its answer was like.
#[derive(Debug)]
struct Judged {
    kind: Option<String>,
    /// The first cited page is right.
    first: bool,
    /// One of the first cited pages is right.
    three: bool,
    /// The same, and the answer states the fact.
    states: bool,
    silent: bool,
}

/// Number of citations that count as the first ones.
const FIRST: usize = 3;

impl Report {
    fn count(
        &mut self,
        question: &EvalQuestion,
        answered: bool,
        pages: &[u32],
        timed: &TimedAnswer,
    ) {
        self.first_chunk.push(timed.first_chunk);
        self.whole.push(timed.whole);
        match question.pages.as_deref() {
            None => {}
            Some([]) => {
                self.unanswerable += 1;
                self.unanswerable_unknown += usize::from(!answered);
            }
            Some(_) => {
                let first = pages.first().is_some_and(|page| question.is_right(*page));
                let three = pages.iter().take(FIRST).any(|page| question.is_right(*page));
                self.answerable.push(Judged {
                    kind: question.kind.clone(),
                    first,
                    three,
                    states: three && question.is_stated_in(&timed.answer.text),
                    silent: !answered,
                });
            }
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (manual, took) in &self.opening {
            writeln!(
                f,
                "{manual}: read, indexed and asked once in {:.0} ms",
                took.as_secs_f64() * 1e3
            )?;
        }
        let mut kinds: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for judged in &self.answerable {
            if let Some(kind) = &judged.kind {
                kinds.entry(kind).or_default().push(judged);
            }
        }
        if !kinds.is_empty() {
            let titles = ["n", "first", "three", "says it", "silent"];
            let [n, first, three, states, silent] = titles;
            writeln!(f, "{:10} {n:>4} {first:>7} {three:>7} {states:>8} {silent:>7}", "kind")?;
            let all = kinds.values().flatten().copied().collect();
            for (kind, judged) in kinds.into_iter().chain([("all", all)]) {
                let n = judged.len();
                let share = |is: fn(&Judged) -> bool| {
                    judged.iter().filter(|it| is(it)).count() as f64 / n as f64
                };
                let [first, three] = [share(|it| it.first), share(|it| it.three)];
                let [states, silent] = [share(|it| it.states), share(|it| it.silent)];
                writeln!(f, "{kind:10} {n:4} {first:7.3} {three:7.3} {states:8.3} {silent:7.3}")?;
            }
        }
        let mut line = |what: &str, some: usize, all: usize| match all {
            0 => Ok(()),
            _ => writeln!(f, "{what}: {:.3} ({some} of {all})", some as f64 / all as f64),
        };
        let questions = self.answerable.len();
        let count = |is: fn(&Judged) -> bool| self.answerable.iter().filter(|it| is(it)).count();
        line("first cited page right", count(|it| it.first), questions)?;
        line("among the first three", count(|it| it.three), questions)?;
        line("\"I don't know\" on the answerable", count(|it| it.silent), questions)?;
        line("\"I don't know\" on the unanswerable", self.unanswerable_unknown, self.unanswerable)?;
        for (what, times) in [("first chunk", &self.first_chunk), ("whole answer", &self.whole)] {
            let [p50, p95, p99] =
                [0.5, 0.95, 0.99].map(|share| at_share(times, share).as_secs_f64() * 1e3);
            writeln!(
                f,
                "{what}: p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms ({} questions)",
                times.len()
            )?;
        }
        Ok(())
    }
}

fn at_share(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len() as f64 * share).ceil() as usize;
    times.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

fn read_questions(path: &Path) -> anyhow::Result<Vec<EvalQuestion>> {
    let file = File::open(path).with_context(|| cannot("read", path))?;
    let lines = BufReader::new(file).lines().enumerate();
    let parse = |(at, line): (usize, std::io::Result<String>)| {
        let line = line.with_context(|| cannot("read", path))?;
        serde_json::from_str(&line).with_context(|| format!("{}, line {}", path.display(), at + 1))
    };
    lines
        .filter(|(_, line)| line.as_ref().is_ok_and(|line| !line.trim().is_empty()))
        .map(parse)
        .collect()
}
