//! `hsc extract`: reads a manual from standard input in a process that limits its own resources.
//!
//! By default the server starts it for each manual. By hand it shows what the server
//! would read: `hsc extract --kind pdf < manual.pdf`.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use encoding_rs::Encoding;
use hsc_catalogs::DocumentationKind;
use hsc_manuals::{HtmlLimits, Limits, Order, answer};

/// Arguments of `hsc extract`. The defaults are those of the settings.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Format of the manual.
    #[arg(long, value_enum)]
    kind: Kind,
    /// Declared character encoding of a web page (`windows-1255`).
    #[arg(long)]
    charset: Option<String>,
    /// Maximum size of the manual, in bytes.
    #[arg(long, default_value_t = 64 << 20)]
    max_bytes: u64,
    /// Maximum number of pages.
    #[arg(long, default_value_t = 2_000)]
    max_pages: u32,
    /// Maximum size of the text, in bytes.
    #[arg(long, default_value_t = 32 << 20)]
    max_text_bytes: usize,
    /// Time limit, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    timeout_ms: u64,
    /// Maximum number of elements, texts and comments of a web page.
    #[arg(long, default_value_t = 1_000_000)]
    html_max_nodes: u32,
    /// Maximum nesting of elements in a web page.
    #[arg(long, default_value_t = 512)]
    html_max_depth: u32,
    /// Maximum number of attributes of an element.
    #[arg(long, default_value_t = 256)]
    html_max_attributes: u32,
    /// Folder with the recognized text of the manual's scanned pages.
    #[arg(long)]
    recognized: Option<PathBuf>,
    /// Memory limit of this process, in bytes.
    #[arg(long, default_value_t = 1 << 30)]
    memory_bytes: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Pdf,
    Html,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let order = Order {
        kind: match args.kind {
            Kind::Pdf => DocumentationKind::Pdf,
            Kind::Html => DocumentationKind::Html,
        },
        charset: args.charset.as_ref().and_then(|label| Encoding::for_label(label.as_bytes())),
        limits: Limits {
            max_pages: args.max_pages,
            max_text_bytes: args.max_text_bytes,
            timeout_ms: args.timeout_ms,
            threads: Limits::all_cores(),
            html: HtmlLimits {
                max_nodes: args.html_max_nodes,
                max_depth: args.html_max_depth,
                max_attributes: args.html_max_attributes,
            },
        },
        memory_bytes: args.memory_bytes,
        max_bytes: args.max_bytes,
        recognized: args.recognized.clone(),
    };
    answer(&order, io::stdin().lock(), io::stdout()).context("cannot answer")?;
    Ok(ExitCode::SUCCESS)
}
