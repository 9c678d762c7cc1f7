//! `hsc check`: whether a server with these settings and catalogs would start.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::Severity;
use hsc_config::Settings;

use super::chaos::Chaos;

/// Arguments of `hsc check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print every setting with its value; secrets are shown as ***.
    #[arg(long)]
    show: bool,
    /// Accept chaos.enabled, as `serve --allow-chaos` does.
    #[arg(long)]
    allow_chaos: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (settings, deprecated) =
        Settings::load_with_warnings(args.config.as_deref(), hsc_config::environment())?;
    if args.show {
        println!("{}", settings.masked());
    }
    let chaos = super::chaos::decide(settings.chaos.enabled, args.allow_chaos)?;
    crate::pods::check(&settings.redis)?;
    hsc_actors::Hours::of(&settings.desk.hours)?;
    let file = args.config.as_ref().map_or(String::new(), |file| format!(", {}", file.display()));
    println!("settings: good (defaults{file}, environment)");
    for old in deprecated {
        println!("  warning: {old}");
    }
    for warning in settings.warnings() {
        println!("  warning: {warning}");
    }
    match chaos {
        Chaos::Off => {}
        Chaos::On => println!("chaos:    on, the admin API makes actors fail"),
        Chaos::OnInADebugBuild => println!(
            "chaos:    on, the admin API makes actors fail; a release build wants --allow-chaos as well"
        ),
    }
    let dir = Path::new(&settings.catalog.dir);
    let report = hsc_catalogs::load_dir(dir).with_context(|| {
        format!("cannot read the catalog folder {}; catalog.dir names it", dir.display())
    })?;
    let errors = count(&report.problems, Severity::Error);
    let warnings = count(&report.problems, Severity::Warning);
    for problem in &report.problems {
        let word = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        println!("  {word}: {problem}");
    }
    let products = report.catalog.products();
    let manuals = products.iter().filter(|product| product.documentation.is_some()).count();
    println!(
        "catalog:  {} ({} brands, {} products, {manuals} with a manual; {errors} errors, {warnings} warnings)",
        if errors == 0 { "good" } else { "broken in parts" },
        report.catalog.brands().len(),
        products.len(),
    );
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn count(problems: &[hsc_catalogs::Problem], severity: Severity) -> usize {
    problems.iter().filter(|problem| problem.severity == severity).count()
}
