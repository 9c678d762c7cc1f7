//! The command line of HSC-JIT: a table of contents, one file a subcommand in `command/`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match hsc::command::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hsc: {error:#}");
            ExitCode::FAILURE
        }
    }
}
