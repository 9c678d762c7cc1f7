//! `hsc catalog stats`: counts of a folder of catalogs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::{Stats, load_dir};

/// Arguments of `hsc catalog stats`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the catalog files.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let report =
        load_dir(&args.dir).with_context(|| format!("cannot read {}", args.dir.display()))?;
    let stats = Stats::of(&report.catalog);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&stats)?);
    } else {
        print(&stats);
    }
    if !report.problems.is_empty() {
        eprintln!(
            "{} problems were passed over; `hsc catalog check {}` names them",
            report.problems.len(),
            args.dir.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn print(stats: &Stats) {
    let languages: Vec<String> = stats
        .languages
        .iter()
        .map(|(language, products)| format!("{language} ({products} products)"))
        .collect();
    println!("brands         {}", stats.brands);
    println!("products       {}", stats.products);
    println!(
        "with a manual  {} ({} PDF, {} web pages)",
        stats.with_manual,
        stats.pdf_manuals,
        stats.with_manual - stats.pdf_manuals
    );
    println!("relationships  {}", stats.relationships);
    println!("categories     {}", stats.categories.len());
    println!(
        "languages      {}",
        if languages.is_empty() { "none marked".to_owned() } else { languages.join(", ") }
    );
    let wide = stats.per_brand.iter().map(|brand| brand.name.chars().count()).max().unwrap_or(5);
    println!("\n{:wide$}  products  with manual  relationships", "brand");
    for brand in &stats.per_brand {
        println!(
            "{:wide$}  {:>8}  {:>11}  {:>13}",
            brand.name, brand.products, brand.with_manual, brand.relationships
        );
    }
}
