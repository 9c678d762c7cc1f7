//! Runs a target: on its corpus first, then on generated inputs.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::mutate::{Chance, mutated};

/// Time limit of one input: a hundred times the time of the slowest one in a debug build.
const HANGS_AFTER: Duration = Duration::from_secs(60);
/// Time limit of a target in `cargo test`. It ends earlier when all its inputs were run.
const SECONDS: u64 = 10;
/// Stack of the thread that runs the inputs: as large as that of the server's thread that reads manuals.
const STACK: usize = 16 << 20;
/// Memory limit of this process, for all targets together.
const MOST_MEMORY: u64 = 2 << 30;
/// Number of inputs in the pool that is mutated.
const POOL: usize = 2_000;
/// Longest input of the pool. A longer seed is run unchanged: mutations of small inputs find the same faults, and
/// hundreds of times as many run in the same time.
const POOLED: usize = 4 * 1024;

/// A parser and its inputs.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Number of generated inputs in `cargo test`.
    pub(crate) inputs: usize,
    /// Tokens of its language, used by mutations.
    pub(crate) tokens: &'static [&'static str],
    /// Parses an input and panics when a promise is broken. Returns a number that identifies the outcome.
    pub(crate) feed: fn(&[u8]) -> u64,
}

/// The input that is being run, for the watchdog.
type InHand = Arc<Mutex<(Instant, Vec<u8>)>>;

/// Runs a target. `HSC_FUZZ_INPUTS`, `HSC_FUZZ_SECONDS` and `HSC_FUZZ_SEED` set how many inputs and which. With
/// `HSC_FUZZ_TRACE` each input is stored before it is run, to find one that ends the whole process.
pub(crate) fn run(target: &Target) {
    let inputs = setting("HSC_FUZZ_INPUTS").map_or(target.inputs, |inputs| inputs as usize);
    let most = Duration::from_secs(setting("HSC_FUZZ_SECONDS").unwrap_or(SECONDS));
    let seed = setting("HSC_FUZZ_SEED").unwrap_or(1);
    let corpus = corpus(target.name);
    let in_hand: InHand = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let (tell, results) = channel();
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
        match results.recv_timeout(Duration::from_millis(500)) {
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
    /// Stores every input before it is run.
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
        // The receiver may have given up.
        let _ = self.tell.send(outcome);
    }
}

/// Names of the stored corpora.
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

/// Stores an input that broke a promise. Add it to the corpus once the fault is fixed.
fn keep(name: &str, input: &[u8]) -> PathBuf {
    let file = findings().join(format!("{name}-{:016x}", hash(input)));
    std::fs::write(&file, input).expect("a finding can be written");
    file
}

/// The folder for inputs that broke a promise.
fn findings() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).expect("a folder for findings");
    folder
}

/// Hashes with FNV-1a; the result is the same on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, it is {value:?}")))
}

/// Peak memory of this process in bytes; 0 if the system does not report it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
