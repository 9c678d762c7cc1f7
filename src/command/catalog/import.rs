//! `hsc catalog import`: converts a CSV table of products into catalog files, one per brand.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use hsc_catalogs::import::import;

use super::check::counted;

/// Arguments of `hsc catalog import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSV table in UTF-8 with a header, separated by comma, semicolon or tab (columns: docs/catalogs.md).
    #[arg(value_name = "FILE.csv")]
    table: PathBuf,
    /// Folder for the catalog files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Overwrite existing files.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let table = args.table.display();
    let bytes = fs::read(&args.table).with_context(|| format!("cannot read {table}"))?;
    let report = import(&bytes).with_context(|| table.to_string())?;
    for problem in &report.problems {
        eprintln!("{table}: {problem}");
    }
    // Before the first is written: a partial import is worse than none.
    let there: Vec<String> = report
        .files
        .iter()
        .map(|file| args.out.join(&file.name))
        .filter(|path| !args.force && path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        bail!("{} would be written over; nothing was written; --force allows it", there.join(", "));
    }
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    for file in &report.files {
        let path = args.out.join(&file.name);
        fs::write(&path, &file.json).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}: {}", path.display(), counted(file.products, "product"));
    }
    println!(
        "{} of {} imported, {} left out",
        counted(report.products, "product"),
        counted(report.files.len(), "brand"),
        counted(report.problems.len(), "row"),
    );
    let whole = report.problems.is_empty() && report.products > 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
