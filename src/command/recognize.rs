//! `hsc recognize`: recognizes the text of scanned pages of a PDF in a process that limits its own resources.
//!
//! The server starts it for manuals with scanned pages. By hand it shows what tesseract reads, a line of JSON
//! before and after each page: `hsc recognize --pages 1,2 --command /usr/bin/tesseract --languages eng < manual.pdf |
//! cat`.
//! It writes no file, so its output must be a pipe.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_manuals::{OcrOrder, recognize};

/// Arguments of `hsc recognize`. The defaults are those of the settings.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Page numbers, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    pages: Vec<u32>,
    /// Absolute path of tesseract.
    #[arg(long, default_value = "/usr/bin/tesseract")]
    command: PathBuf,
    /// Language codes of tesseract, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "eng")]
    languages: Vec<String>,
    /// Time limit for a page, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    page_timeout_ms: u64,
    /// Time limit for all pages, in milliseconds.
    #[arg(long, default_value_t = 900_000)]
    timeout_ms: u64,
    /// Memory limit of this process and of tesseract, in bytes.
    #[arg(long, default_value_t = 1 << 30)]
    memory_bytes: u64,
    /// Maximum size of the manual, in bytes.
    #[arg(long, default_value_t = 64 << 20)]
    max_bytes: u64,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let order = OcrOrder {
        pages: args.pages,
        command: args.command,
        languages: args.languages,
        page_timeout_ms: args.page_timeout_ms,
        timeout_ms: args.timeout_ms,
        memory_bytes: args.memory_bytes,
        max_bytes: args.max_bytes,
    };
    recognize(&order, io::stdin().lock(), io::stdout().lock()).context("cannot recognize")?;
    Ok(ExitCode::SUCCESS)
}
