//! `hsc catalog search-eval`: quality and speed of the search for given products and queries.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::search::eval;

/// Arguments of `hsc catalog search-eval`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Products, one JSON object per line: id, brand_id, brand, name, category.
    #[arg(long, value_name = "FILE.jsonl")]
    products: PathBuf,
    /// Queries, one JSON object per line: q.
    #[arg(long, value_name = "FILE.jsonl")]
    queries: PathBuf,
    /// File for the results, one JSON object per line: q, ids (best first), confidence of the first.
    #[arg(long, value_name = "RESULTS.jsonl")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let out = File::create(&args.out).with_context(|| cannot("write", &args.out))?;
    let report = eval::evaluate(open(&args.products)?, open(&args.queries)?, BufWriter::new(out))?;
    println!("{report}");
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    File::open(path).map(BufReader::new).with_context(|| cannot("read", path))
}

fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}", path.display())
}
