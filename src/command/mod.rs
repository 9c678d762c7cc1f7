//! The subcommands of `hsc`, one file each.
//!
//! Each file has the arguments of its subcommand (`Args`) and a `run` function. A subcommand
//! prints results to standard output and errors to standard error, and exits with a
//! code for scripts: 0 success, 1 failure, 2 wrong usage, 3 the archive excludes this release.

mod answer_eval;
mod archive;
mod catalog;
mod check;
mod extract;
mod load;
mod manuals;
mod model;
mod ping;
mod privacy;
mod recognize;
mod serve;
mod smoke;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Just-in-time technical support: identifies the product while the customer types, opens its manual,
/// and answers with page references.
#[derive(Debug, Parser)]
#[command(name = "hsc", version = crate::BUILD, arg_required_else_help = true, subcommand_required = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve(serve::Args),
    /// Validate settings and catalogs.
    Check(check::Args),
    /// Report whether a running server is ready.
    Ping(ping::Args),
    /// Check, import and generate catalogs, and evaluate the search.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Evaluate the answers to a file of questions about the manuals of a folder.
    AnswerEval(answer_eval::Args),
    /// Extract the text of a manual from standard input, within resource limits.
    Extract(extract::Args),
    /// Recognize scanned pages of a PDF from standard input, within resource limits.
    Recognize(recognize::Args),
    /// Load the manuals of the catalog in advance.
    #[command(subcommand)]
    Manuals(manuals::Command),
    /// Download, convert and check the models of the sentence encoder.
    #[command(subcommand)]
    Model(model::Command),
    /// Export or erase the data of a visitor.
    #[command(subcommand)]
    Privacy(privacy::Command),
    /// Back up the archive while the server runs.
    Backup(archive::BackupArgs),
    /// Restore the archive from a backup while the server is stopped.
    Restore(archive::RestoreArgs),
    /// Update the tables of the archive, as the server does when it first connects.
    Migrate(archive::RewriteArgs),
    /// Write the rows of stored events again, after a release that changes them.
    Reproject(archive::RewriteArgs),
    /// Manage the accounts of agents and admins.
    User(user::Args),
    /// Go through an installation as a visitor does, and report each step.
    Smoke(smoke::Args),
    /// Run a load test against a server and report latencies.
    Load(Box<load::Args>),
}

impl Cli {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// In one line for a person, causes after colons.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => serve::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Ping(args) => ping::run(&args),
            Command::Catalog(command) => catalog::run(&command),
            Command::AnswerEval(args) => answer_eval::run(&args),
            Command::Extract(args) => extract::run(&args),
            Command::Recognize(args) => recognize::run(args),
            Command::Manuals(command) => manuals::run(&command),
            Command::Model(command) => model::run(&command),
            Command::Privacy(command) => privacy::run(&command),
            Command::Backup(args) => archive::backup(&args),
            Command::Restore(args) => archive::restore(&args),
            Command::Migrate(args) => archive::migrate(&args),
            Command::Reproject(args) => archive::reproject(&args),
            Command::User(args) => user::run(args),
            Command::Smoke(args) => smoke::run(&args),
            Command::Load(args) => load::run(&args),
        }
    }
}
