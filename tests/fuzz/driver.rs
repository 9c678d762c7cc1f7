//! Feeds a target: its corpus first, and generated inputs then.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::mutate::{Chance, mutated};

/// Longest one input may take: a hundred times what the slowest takes in a debug build.
const HANGS_AFTER: Duration = Duration::from_secs(60);
/// Longest a target is fed in `cargo test`. It ends earlier when it has got its inputs.
const SECONDS: u64 = 10;
/// Stack of the thread that feeds: that of the thread which reads manuals in the server.
const STACK: usize = 16 << 20;
/// Most memory of this process, all targets together.
const MOST_MEMORY: u64 = 2 << 30;
/// Inputs in the pool that is mutated.
const POOL: usize = 2_000;
/// Longest input of the pool. A longer seed is fed as it is: mutations of small inputs break a parser in the same
/// places, hundreds of times as often in the same time.
const POOLED: usize = 4 * 1024;

/// A parser and what it is fed.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// How many generated inputs it gets in `cargo test`.
    pub(crate) inputs: usize,
    /// Words of its language.
    pub(crate) tokens: &'static [&'static str],
    /// Reads an input and panics when a promise is broken. Gives a number that stands for the outcome.
    pub(crate) feed: fn(&[u8]) -> u64,
}

/// What is being fed, for the watch over it.
type InHand = Arc<Mutex<(Instant, Vec<u8>)>>;

/// Feeds a target. `HSC_FUZZ_INPUTS`, `HSC_FUZZ_SECONDS` and `HSC_FUZZ_SEED` say how much and which. With
/// `HSC_FUZZ_TRACE` each input is written down before it is fed, for one that ends the whole process.
pub(crate) fn run(target: &Target) {
    let inputs = setting("HSC_FUZZ_INPUTS").map_or(target.inputs, |inputs| inputs as usize);
    let most = Duration::from_secs(setting("HSC_FUZZ_SECONDS").unwrap_or(SECONDS));
    let seed = setting("HSC_FUZZ_SEED").unwrap_or(1);
    let corpus = corpus(target.name);
    let in_hand: InHand = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let (tell, told) = channel();
    let traces = setting("HSC_FUZZ_TRACE").is_some();
    let in_hand_too = Arc::clone(&in_hand);
    let feeder =
        Feeder { name: target.name, feed: target.feed, in_hand: in_hand_too, tell, traces };
    let tokens = target.tokens;
    std::thread::Builder::new()
        .name(target.name.to_owned())
        .stack_size(STACK)
        .spawn(move || feeder.feed_all(corpus, tokens, inputs, most, seed))
        .expect("a thread can be started");
    // No deadline: HANGS_AFTER ends it.
    let outcome = loop {
        match told.recv_timeout(Duration::from_millis(500)) {
            Ok(outcome) => break outcome,
            Err(RecvTimeoutError::Disconnected) => break Err("its thread ended".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                let (since, input) = &*in_hand.lock().unwrap_or_else(PoisonError::into_inner);
                if since.elapsed() > HANGS_AFTER {
                    let file = keep(target.name, input);
                    panic!("{}: no end after {HANGS_AFTER:?}: {}", target.name, file.display());
                }
            }
        }
    };
    match outcome {
        Ok(fed) => println!("{}: {fed}, peak memory {} MiB", target.name, peak_memory() >> 20),
        Err(why) => panic!("{}: {why}", target.name),
    }
    let peak = peak_memory();
    assert!(peak < MOST_MEMORY, "{}: {peak} bytes of memory", target.name);
}

struct Feeder {
    name: &'static str,
    feed: fn(&[u8]) -> u64,
    in_hand: InHand,
    tell: Sender<Result<String, String>>,
    /// Writes every input down before it is fed.
    traces: bool,
}

impl Feeder {
    fn feed_all(
        self,
        corpus: Vec<(PathBuf, Vec<u8>)>,
        tokens: &[&str],
        inputs: usize,
        most: Duration,
        seed: u64,
    ) {
        let began = Instant::now();
        let (mut pool, mut seen, mut seeds) = (Vec::new(), HashSet::new(), 0);
        for (path, input) in corpus {
            match self.feed_one(&input) {
                Ok(outcome) => drop(seen.insert(outcome)),
                Err(why) => return self.end(Err(format!("{}: {why}", path.display()))),
            }
            seeds += 1;
            if input.len() <= POOLED {
                pool.push(input);
            }
        }
        let first = pool.len();
        let mut chance = Chance::new(seed);
        let mut fed = 0;
        while fed < inputs && began.elapsed() < most {
            let input = mutated(&pool, tokens, &mut chance);
            match self.feed_one(&input) {
                Ok(outcome) if input.len() <= POOLED && pool.len() < POOL => {
                    if seen.insert(outcome) {
                        pool.push(input);
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    let file = keep(self.name, &input);
                    return self.end(Err(format!(
                        "input {fed} of seed {seed}: {why}: {}",
                        file.display()
                    )));
                }
            }
            fed += 1;
        }
        let pooled = pool.len() - first;
        let took = began.elapsed().as_secs_f64();
        self.end(Ok(format!(
            "{fed} inputs and {seeds} seeds in {took:.1} s, {pooled} joined the pool"
        )));
    }

    fn feed_one(&self, input: &[u8]) -> Result<u64, String> {
        {
            let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
            in_hand.0 = Instant::now();
            in_hand.1.clear();
            in_hand.1.extend_from_slice(input);
        }
        if self.traces {
            std::fs::write(findings().join(format!("{}-in-hand", self.name)), input)
                .expect("an input can be written");
        }
        catch_unwind(AssertUnwindSafe(|| (self.feed)(input))).map_err(|panic| {
            let words = panic.downcast_ref::<&str>().map(ToString::to_string);
            words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
        })
    }

    fn end(self, outcome: Result<String, String>) {
        // The one who waits may have given up.
        let _ = self.tell.send(outcome);
    }
}

/// Names of the corpora that are stored.
pub(crate) fn corpora() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("there is a corpus");
    entries
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("ASCII"))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus")
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder().join(name))
        .unwrap_or_else(|error| panic!("tests/fuzz/corpus/{name}: {error}"));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "tests/fuzz/corpus/{name} is empty");
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("it can be read");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Writes down an input that broke a promise. It belongs into the corpus once that is mended.
fn keep(name: &str, input: &[u8]) -> PathBuf {
    let file = findings().join(format!("{name}-{:016x}", hash(input)));
    std::fs::write(&file, input).expect("a finding can be written");
    file
}

/// Where inputs are written that broke a promise.
fn findings() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).expect("a folder for findings");
    folder
}

/// Hashes with FNV-1a, the same on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, it is {value:?}")))
}

/// The most memory that this process has had, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
