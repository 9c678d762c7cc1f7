//! `hsc check`: whether a server with these settings and catalogs would start.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::Severity;
use hsc_config::Settings;

use super::catalog::count;

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
    let chaos = chaos_of(settings.chaos.enabled, args.allow_chaos)?;
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
        println!("  {}: {problem}", problem.severity);
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

/// The effect of `chaos.enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chaos {
    /// Faults cannot be injected.
    Off,
    /// The admin API injects faults.
    On,
    /// The same, because this is a debug build; a release build would refuse to start.
    OnInADebugBuild,
}

/// Whether this build allows fault injection: one rule for `serve`, which obeys it, and for `check`, which reports what
/// `serve` would do.
///
/// # Errors
/// When a release build lacks the option that allows it.
pub(super) fn chaos_of(enabled: bool, allowed: bool) -> anyhow::Result<Chaos> {
    of_build(enabled, allowed, !cfg!(debug_assertions))
}

fn of_build(enabled: bool, allowed: bool, is_release: bool) -> anyhow::Result<Chaos> {
    match (enabled, allowed, is_release) {
        (false, _, _) => Ok(Chaos::Off),
        (true, true, _) => Ok(Chaos::On),
        (true, false, false) => Ok(Chaos::OnInADebugBuild),
        (true, false, true) => anyhow::bail!(
            "chaos.enabled is for rehearsals: in a release build it wants --allow-chaos as well"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_build_needs_the_option_and_a_debug_build_does_not() {
        let decided = |enabled, allowed, is_release| of_build(enabled, allowed, is_release).ok();
        for is_release in [true, false] {
            for allowed in [true, false] {
                assert_eq!(decided(false, allowed, is_release), Some(Chaos::Off));
            }
            assert_eq!(decided(true, true, is_release), Some(Chaos::On));
        }
        assert_eq!(decided(true, false, false), Some(Chaos::OnInADebugBuild));
        assert_eq!(decided(true, false, true), None);
        let refused = of_build(true, false, true).unwrap_err().to_string();
        assert!(refused.contains("chaos.enabled") && refused.contains("--allow-chaos"));
    }
}
