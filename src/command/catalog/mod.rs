//! `hsc catalog …`: everything about catalogs that needs no server.

mod search_eval;
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
    /// Search every query of a file over the products of another and write what was found.
    SearchEval(search_eval::Args),
    /// Set manuals written as Markdown as PDF or HTML.
    Typeset(typeset::Args),
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::SearchEval(args) => search_eval::run(&args),
        Command::Typeset(args) => typeset::run(&args),
    }
}
