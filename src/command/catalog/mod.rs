//! `hsc catalog …`: everything about catalogs that needs no server.

mod check;
mod generate;
mod import;
mod search_eval;
mod stats;
mod typeset;

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
    /// Name everything that is wrong with a folder of catalogs.
    Check(check::Args),
    /// Count what a folder of catalogs holds.
    Stats(stats::Args),
    /// Make catalog files of a CSV table.
    Import(import::Args),
    /// Make an invented catalog of any size.
    Generate(generate::Args),
    /// Search every query of a file over the products of another and write what was found.
    SearchEval(search_eval::Args),
    /// Set manuals written as Markdown as PDF or HTML.
    Typeset(typeset::Args),
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Check(args) => check::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::SearchEval(args) => search_eval::run(&args),
        Command::Typeset(args) => typeset::run(&args),
    }
}
