//! The subcommands of `hsc`, one file each.
//!
//! Each file has the arguments of its subcommand (`Args`) and a `run` that does it. A subcommand
//! prints to standard output what was asked for, to standard error what went wrong, and ends with a
//! code a script can read: 0 done, 1 not done, 2 not understood.

mod answer_eval;
mod archive;
mod catalog;
mod chaos;
mod check;
mod extract;
mod load;
mod manuals;
mod model;
mod ping;
mod privacy;
mod recognize;
mod serve;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Just-in-time technical support: identify the product while the customer types, open its manual,
/// answer with the page.
#[derive(Debug, Parser)]
#[command(name = "hsc", version, arg_required_else_help = true, subcommand_required = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve chats, the pages and the API until told to stop.
    Serve(serve::Args),
    /// Check settings and catalogs without serving.
    Check(check::Args),
    /// Ask a running server whether it is ready.
    Ping(ping::Args),
    /// Look at catalogs, make them, and measure the search over them.
    Catalog(catalog::Args),
    /// Ask every question of a file about the manuals of a folder and write what was answered.
    AnswerEval(answer_eval::Args),
    /// Read a manual from standard input in a process that limits itself.
    Extract(extract::Args),
    /// Recognize the text of scanned pages of a PDF from standard input, in a process that limits itself.
    Recognize(recognize::Args),
    /// Prepare the manuals of the catalog.
    Manuals(manuals::Args),
    /// Download, convert and check the models of the sentence encoder.
    Model(model::Args),
    /// Hand out or erase what is kept about one visitor.
    Privacy(privacy::Args),
    /// Copy the archive's file while the server runs.
    Backup(archive::BackupArgs),
    /// Put a copy in the archive's place while the server does not run.
    Restore(archive::RestoreArgs),
    /// Add, list, disable accounts of the team, and give them passwords.
    User(user::Args),
    /// Let visitors loose on a server, and see what they have to wait.
    Load(Box<load::Args>),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// In one line for a person, causes after colons.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(args) => serve::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Ping(args) => ping::run(&args),
            Command::Catalog(args) => catalog::run(args),
            Command::AnswerEval(args) => answer_eval::run(&args),
            Command::Extract(args) => extract::run(&args),
            Command::Recognize(args) => recognize::run(args),
            Command::Manuals(args) => manuals::run(&args),
            Command::Model(args) => model::run(args),
            Command::Privacy(args) => privacy::run(args),
            Command::Backup(args) => archive::backup(&args),
            Command::Restore(args) => archive::restore(&args),
            Command::User(args) => user::run(args),
            Command::Load(args) => load::run(&args),
        }
    }
}
