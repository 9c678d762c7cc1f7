//! `hsc catalog …`: catalog tools that need no server.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use hsc_catalogs::generate::Plan;
use hsc_catalogs::import::import;
use hsc_catalogs::search::eval;
use hsc_catalogs::{LoadReport, Problem, Severity, Stats, load_dir};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Validate the catalog files of a folder.
    Check(CheckArgs),
    /// Print counts of the catalog files of a folder.
    Stats(StatsArgs),
    /// Import a CSV table as catalog files.
    Import(ImportArgs),
    /// Generate a synthetic catalog.
    Generate(GenerateArgs),
    /// Evaluate the search over a file of products and a file of queries.
    SearchEval(SearchEvalArgs),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(args) => check(args),
        Command::Stats(args) => stats(args),
        Command::Import(args) => import_table(args),
        Command::Generate(args) => generate(args),
        Command::SearchEval(args) => search_eval(args),
    }
}

/// Arguments of `hsc catalog check`.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// Folder of the catalog files.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Treat warnings as errors.
    #[arg(long)]
    strict: bool,
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let report = load(&args.dir)?;
    for problem in &report.problems {
        println!("{}: {problem}", problem.severity);
    }
    let errors = count(&report.problems, Severity::Error);
    let warnings = count(&report.problems, Severity::Warning);
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

/// Arguments of `hsc catalog stats`.
#[derive(Debug, clap::Args)]
pub(super) struct StatsArgs {
    /// Folder of the catalog files.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn stats(args: &StatsArgs) -> anyhow::Result<ExitCode> {
    let report = load(&args.dir)?;
    let stats = Stats::of(&report.catalog);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&stats)?);
    } else {
        print_stats(&stats);
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

fn print_stats(stats: &Stats) {
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

/// Arguments of `hsc catalog import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
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

fn import_table(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let table = args.table.display();
    let bytes = fs::read(&args.table).with_context(|| cannot("read", &args.table))?;
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
    make_folder(&args.out)?;
    for file in &report.files {
        let path = args.out.join(&file.name);
        fs::write(&path, &file.json).with_context(|| cannot("write", &path))?;
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

/// Arguments of `hsc catalog generate`.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
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

fn generate(args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        brands: args.brands,
        products: args.products,
        seed: args.seed,
        manuals: args.manuals,
        pages: args.pages_min..=args.pages_max,
    };
    let files = plan.files()?;
    make_folder(&args.out)?;
    if !args.force && has_catalogs(&args.out)? {
        bail!(
            "{} has catalog files already, which would be mixed with the new ones; name an empty folder, or use --force",
            args.out.display()
        );
    }
    let manuals = args.out.join("manuals");
    if args.manuals > 0 {
        make_folder(&manuals)?;
    }
    let mut bytes = 0;
    for file in files {
        let path = args.out.join(&file.path);
        fs::write(&path, &file.bytes).with_context(|| cannot("write", &path))?;
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
        println!(
            "the manuals are Markdown; make the PDFs that the catalog names with\n  \
             cargo run -p hsc-manual-writer -- {0} --out {0}",
            manuals.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn has_catalogs(dir: &Path) -> anyhow::Result<bool> {
    for entry in fs::read_dir(dir).with_context(|| cannot("read", dir))? {
        let path = entry.with_context(|| cannot("read", dir))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Arguments of `hsc catalog search-eval`.
#[derive(Debug, clap::Args)]
pub(super) struct SearchEvalArgs {
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

fn search_eval(args: &SearchEvalArgs) -> anyhow::Result<ExitCode> {
    let out = File::create(&args.out).with_context(|| cannot("write", &args.out))?;
    let report = eval::evaluate(open(&args.products)?, open(&args.queries)?, BufWriter::new(out))?;
    println!("{report}");
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    File::open(path).map(BufReader::new).with_context(|| cannot("read", path))
}

/// What could not be done, before its cause.
pub(super) fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}", path.display())
}

/// The number of problems of this severity.
pub(super) fn count(problems: &[Problem], severity: Severity) -> usize {
    problems.iter().filter(|problem| problem.severity == severity).count()
}

/// The catalog of a folder, and its problems.
fn load(dir: &Path) -> anyhow::Result<LoadReport> {
    load_dir(dir).with_context(|| cannot("read", dir))
}

fn make_folder(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| cannot("make the folder", dir))
}

/// `1 brand`, `2 brands`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
