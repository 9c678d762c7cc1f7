//! Generated inputs for everything that reads bytes from outside.
//!
//! [`targets`] has one function per parser, which panics when the parser breaks a promise. [`driver`] runs it on the
//! stored corpus and on mutations of it; [`mutate`] is the generator, deterministic by its seed.
//! `tests/fuzz/corpus/<target>/` has the seeds, and every input that once broke a promise.
//!
//! `cargo test` runs each target on its corpus and a fixed number of generated inputs. `make fuzz` runs
//! more: `make fuzz INPUTS=1000000 TARGET=html`. Both use the build of the tests, with its checks for
//! overflow.
//!
//! There is no coverage feedback from a compiler: libFuzzer needs a second build of the whole tree, with flags of
//! the nightly compiler. Instead, a target returns its outcome: an input with a new outcome is added to the pool
//! that is mutated.
//!
//! Never: a target that depends on time, on the network or on another target.

mod driver;
mod mutate;
mod targets;

use driver::{Target, run};

/// Defines one test per target. The name is that of the function, of the test and of the corpus.
macro_rules! targets {
    ($($(#[doc = $about:literal])* $name:ident = $inputs:literal, $tokens:expr;)*) => {
        $($(#[doc = $about])*
        #[test]
        fn $name() {
            run(&Target {
                name: stringify!($name),
                inputs: $inputs,
                tokens: $tokens,
                feed: targets::$name,
            });
        })*

        #[test]
        fn every_corpus_has_its_target() {
            let targets = [$(stringify!($name)),*];
            for folder in driver::corpora() {
                assert!(targets.contains(&folder.as_str()), "no target reads the corpus {folder}");
            }
        }
    };
}

targets! {
    /// Frames of a WebSocket, before any message.
    frames = 5_000, targets::FRAMES;
    /// Messages of a visitor's client.
    visitor_messages = 5_000, targets::JSON;
    /// Messages of an agent's page.
    agent_messages = 5_000, targets::JSON;
    /// Catalog files in their three forms.
    catalogs = 2_000, targets::JSON;
    /// Tables of products as CSV.
    catalog_tables = 3_000, targets::CSV;
    /// The checkpoint of a conversation in the log.
    checkpoints = 5_000, targets::JSON;
    /// Replies of the log's Redis scripts.
    stored_log = 5_000, targets::LOG;
    /// Messages between pods.
    pod_messages = 5_000, targets::JSON;
    /// Resume tokens of conversations and ids of uploads.
    conversation_tokens = 3_000, targets::TOKEN;
    /// Visitor tokens of an embedding site: as received, and signed after a change.
    visitor_tokens = 3_000, targets::JSON;
    /// Manuals as HTML.
    html = 500, targets::HTML;
    /// Manuals as PDF.
    pdf = 300, targets::PDF;
    /// Pages of a PDF that are images, up to the input of tesseract.
    scans = 100, targets::PDF;
    /// Output of tesseract.
    hocr = 500, targets::HTML;
}
