//! Generated inputs for everything that reads bytes from outside.
//!
//! What lives here: [`targets`], one plain function a parser, which panics when the parser breaks a
//! promise; [`driver`], which feeds it the stored corpus and mutations of it; [`mutate`], the generator,
//! deterministic by its seed. `tests/fuzz/corpus/<target>/` holds the seeds, and every input that once
//! broke a promise.
//!
//! `cargo test` feeds each target its corpus and a fixed number of generated inputs. `make fuzz` feeds
//! more: `make fuzz INPUTS=1000000 TARGET=html`. Both use the build of the tests: its checks for
//! overflow stay in.
//!
//! There is no coverage feedback of a compiler here: libFuzzer needs the whole tree built a second time,
//! with flags of the nightly compiler. What a target returns stands in for it: an input whose outcome
//! was not seen before joins the pool that is mutated.
//!
//! What must never be: a target that depends on time, on the network or on another target.

mod driver;
mod mutate;
mod targets;

use driver::{Target, run};

/// A test a target. The name is that of the function, of the test and of the corpus.
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
    /// What a visitor's client sends over the socket.
    visitor_messages = 5_000, targets::JSON;
    /// What an agent's page sends over the socket.
    agent_messages = 5_000, targets::JSON;
    /// Catalog files in their three forms.
    catalogs = 2_000, targets::JSON;
    /// Tables of products as CSV.
    catalog_tables = 3_000, targets::CSV;
    /// What the log keeps so that another pod goes on with a conversation.
    checkpoints = 5_000, targets::JSON;
    /// What the scripts of the log answer.
    stored_log = 5_000, targets::LOG;
    /// What pods write to each other.
    pod_messages = 5_000, targets::JSON;
    /// Resume tokens of conversations and ids of uploads.
    conversation_tokens = 3_000, targets::TOKEN;
    /// Tokens by which a site says who its visitor is, as they come and signed after they were changed.
    visitor_tokens = 3_000, targets::JSON;
    /// Manuals as HTML.
    html = 500, targets::HTML;
    /// Manuals as PDF.
    pdf = 300, targets::PDF;
    /// Pages of a PDF that are images, up to what is given to tesseract.
    scans = 100, targets::PDF;
    /// What tesseract writes.
    hocr = 500, targets::HTML;
}
