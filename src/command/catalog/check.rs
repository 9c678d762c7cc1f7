//! `hsc catalog check`: all problems of a folder of catalogs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::{Severity, Stats, load_dir};

/// Arguments of `hsc catalog check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog files.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Treat warnings as errors.
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let report =
        load_dir(&args.dir).with_context(|| format!("cannot read {}", args.dir.display()))?;
    let (mut errors, mut warnings) = (0, 0);
    for problem in &report.problems {
        match problem.severity {
            Severity::Error => {
                errors += 1;
                println!("error: {problem}");
            }
            Severity::Warning => {
                warnings += 1;
                println!("warning: {problem}");
            }
        }
    }
    let stats = Stats::of(&report.catalog);
    println!(
        "{}: {} of {}, {} with a manual; {}, {}",
        args.dir.display(),
        counted(stats.products, "product"),
        counted(stats.brands, "brand"),
        stats.with_manual,
        counted(errors, "error"),
        counted(warnings, "warning"),
    );
    if stats.products == 0 {
        println!("error: no product is left; catalog files are *.json directly in the folder");
    }
    let failed = errors > 0 || stats.products == 0 || (args.strict && warnings > 0);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `1 brand`, `2 brands`.
pub(super) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
