//! `hsc catalog generate`: synthetic catalogs of any size, the same for the same seed.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use hsc_catalogs::generate::Plan;

/// Arguments of `hsc catalog generate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of brands.
    #[arg(long, default_value_t = 130)]
    brands: usize,
    /// Number of products in total.
    #[arg(long, default_value_t = 18_000)]
    products: usize,
    /// Seed of the random numbers; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of products with a manual, as Markdown; the tool manual-writer makes PDFs of them.
    #[arg(long, default_value_t = 0)]
    manuals: usize,
    /// Approximate minimum number of pages of a manual.
    #[arg(long, default_value_t = 20, value_name = "PAGES")]
    pages_min: usize,
    /// Approximate maximum number of pages of a manual.
    #[arg(long, default_value_t = 60, value_name = "PAGES")]
    pages_max: usize,
    /// Write into a folder that already has catalog files.
    #[arg(long)]
    force: bool,
    /// Output folder.
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        brands: args.brands,
        products: args.products,
        seed: args.seed,
        manuals: args.manuals,
        pages: args.pages_min..=args.pages_max,
    };
    let files = plan.files()?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    if !args.force && has_catalogs(args)? {
        bail!(
            "{} has catalog files already, which would be mixed with the new ones; name an empty folder, or use --force",
            args.out.display()
        );
    }
    if args.manuals > 0 {
        let manuals = args.out.join("manuals");
        fs::create_dir_all(&manuals)
            .with_context(|| format!("cannot make the folder {}", manuals.display()))?;
    }
    let mut bytes = 0;
    for file in files {
        let path = args.out.join(&file.path);
        fs::write(&path, &file.bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
        bytes += file.bytes.len();
    }
    println!(
        "{}: {} brands, {} products, {} manuals, {bytes} bytes",
        args.out.display(),
        args.brands,
        args.products,
        args.manuals
    );
    if args.manuals > 0 {
        let manuals = args.out.join("manuals");
        println!(
            "the manuals are Markdown; make the PDFs that the catalog names with\n  \
             cargo run -p hsc-manual-writer -- {0} --out {0}",
            manuals.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn has_catalogs(args: &Args) -> anyhow::Result<bool> {
    let entries =
        fs::read_dir(&args.out).with_context(|| format!("cannot read {}", args.out.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", args.out.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            return Ok(true);
        }
    }
    Ok(false)
}
