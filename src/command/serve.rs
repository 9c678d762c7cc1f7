//! `hsc serve`: runs the server until it is stopped.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_config::{Settings, SettingsError};
use log::warn;
use tokio::signal::unix::{SignalKind, signal};

use crate::server::Server;

/// Arguments of `hsc serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Allow fault injection (chaos.enabled) in a release build.
    #[arg(long)]
    allow_chaos: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (settings, deprecated) =
        Settings::load_with_warnings(args.config.as_deref(), hsc_config::environment())?;
    super::chaos::decide(settings.chaos.enabled, args.allow_chaos)?;
    hsc_monitoring::logging::init(&settings.log).context("cannot start the log")?;
    for old in deprecated {
        warn!(setting = old.key, replaced_by = old.replaced_by; "{old}");
    }
    let config = args.config.clone();
    let load = move || Settings::load(config.as_deref(), hsc_config::environment());
    actix_web::rt::System::new().block_on(serve(&settings, load))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    settings: &Settings,
    load: impl Fn() -> Result<Settings, SettingsError> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    // Before anything starts: a signal during the start must stop the server, too.
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = Server::start(settings).await?;
    server.reload_on_hangup()?;
    server.keep_secrets_current(load)?;
    println!("HSC-JIT listens on {}://{}", server.scheme(), server.address());
    if let Some(address) = server.operations_address() {
        println!("Health and metrics are at http://{address}");
    }
    if let Some(link) = server.first_link().await {
        // The parent may read only the first line and close the pipe; that is no reason to end.
        let _ = writeln!(
            std::io::stdout(),
            "There is no account yet. This link makes the first one, an admin, once: {link}"
        );
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = server.drain_asked() => {}
        why = server.gave_up() => {
            let _ = server.drain().await;
            anyhow::bail!("an actor fails more often than is borne, and actors.on_give_up is exit: {why}");
        }
    }
    // A second signal ends the drain.
    tokio::select! {
        ended = server.drain() => ended.context("the server failed"),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
