//! The entry point of HSC-JIT; each subcommand is a file in `command/`.

use std::process::ExitCode;

use clap::Parser as _;
use tikv_jemallocator::Jemalloc;

/// Returns free memory to the system within ten seconds, from threads of its own. What glibc's allocator
/// keeps after many connections have gone is in docs/performance.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match hsc::command::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", hsc_monitoring::logging::fatal(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
