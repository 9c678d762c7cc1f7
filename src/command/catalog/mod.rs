//! `hsc catalog …`: catalog tools that need no server.

mod check;
mod generate;
mod import;
mod search_eval;
mod stats;

use std::process::ExitCode;

use clap::Subcommand;

/// Arguments of `hsc catalog`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Validate the catalog files of a folder.
    Check(check::Args),
    /// Print counts of the catalog files of a folder.
    Stats(stats::Args),
    /// Import a CSV table as catalog files.
    Import(import::Args),
    /// Generate a synthetic catalog.
    Generate(generate::Args),
    /// Evaluate the search over a file of products and a file of queries.
    SearchEval(search_eval::Args),
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::SearchEval(args) => search_eval::run(&args),
    }
}
