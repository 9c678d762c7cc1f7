//! `hsc serve`: runs the server until it is stopped.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use hsc_config::{Settings, SettingsError};
use hsc_monitoring::logging::announce;
use log::{error, warn};
use tokio::signal::unix::{SignalKind, signal};

use super::archive::ARCHIVE_IS_NEWER;
use super::check::chaos_of;
use super::user::deliver_first_link;
use crate::archive::IncompatibleSchema;
use crate::server::{Server, StartError};

/// Pause before an archive that did not answer is asked again whether there is an account.
const ARCHIVE_RETRY: Duration = Duration::from_secs(2);
/// Shortest time after which a server that drains is ended. With less, one that drains well on a busy machine would be.
const SHORTEST_LIMIT: Duration = Duration::from_secs(5);

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
    chaos_of(settings.chaos.enabled, args.allow_chaos)?;
    hsc_monitoring::logging::init(&settings.log).context("cannot start the log")?;
    for old in deprecated {
        warn!(setting = old.key, replaced_by = old.replaced_by; "{old}");
    }
    let config = args.config.clone();
    let load = move || Settings::load(config.as_deref(), hsc_config::environment());
    actix_web::rt::System::new().block_on(serve(&settings, load))
}

async fn serve(
    settings: &Settings,
    load: impl Fn() -> Result<Settings, SettingsError> + Clone + Send + 'static,
) -> anyhow::Result<ExitCode> {
    // Before anything starts: a signal during the start must stop the server, too.
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let started = tokio::select! {
        started = Server::start(settings) => started,
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    let server = match started {
        Err(StartError::IncompatibleArchive(why)) => return Ok(refused(&why)),
        started => started?,
    };
    server.reload_on_hangup(load)?;
    let address = format!("{}://{}", server.scheme, server.address);
    announce(&format!("HSC-JIT listens on {address}"), ("address", &address));
    if let Some(address) = server.operations_address {
        let address = format!("http://{address}");
        announce(&format!("Health and metrics are at {address}"), ("operations", &address));
    }
    let limit = Duration::from_millis(settings.server.drain_timeout_ms);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = server.drain_asked() => {}
        () = make_the_first_link_known(&server, &settings.identity.first_link_file) => {}
        why = server.archive_refused() => {
            let code = refused(&why);
            end_within(limit)?;
            let _ = server.drain().await;
            return Ok(code);
        }
        why = server.gave_up() => {
            end_within(limit)?;
            let _ = server.drain().await;
            anyhow::bail!("an actor fails more often than is borne, and actors.on_give_up is exit: {why}");
        }
    }
    end_within(limit)?;
    // A second signal ends the drain.
    tokio::select! {
        ended = server.drain() => ended.context("the server failed").map(|()| ExitCode::SUCCESS),
        _ = terminate.recv() => Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ExitCode::SUCCESS),
    }
}

/// Makes the link that creates the first account known, if there is none, as soon as the archive answers. Never ends.
async fn make_the_first_link_known(server: &Server, file: &str) {
    let link = loop {
        match server.first_link().await {
            Ok(link) => break link,
            // The writer logs why.
            Err(_) => tokio::time::sleep(ARCHIVE_RETRY).await,
        }
    };
    // The parent may read only the first line and close the pipe; that is no reason to end.
    if let Some(Err(error)) = link.map(|link| deliver_first_link(&link, file)) {
        warn!(file, cause:% = error; "the link to the first account cannot be written; `hsc user first-link` makes another one");
    }
    std::future::pending().await
}

/// Logs why the archive excludes this server.
fn refused(why: &IncompatibleSchema) -> ExitCode {
    error!("{why}");
    ExitCode::from(ARCHIVE_IS_NEWER)
}

/// Ends the process after the time of a drain, whatever it still does then: the system kills it soon after, and a
/// step of the drain, or a thread that the runtime waits for, may hang with a disk or a database.
fn end_within(limit: Duration) -> std::io::Result<()> {
    let limit = limit.max(SHORTEST_LIMIT);
    std::thread::Builder::new().name("drain_limit".to_owned()).spawn(move || {
        std::thread::sleep(limit);
        error!(limit_ms = limit.as_millis() as u64; "the server did not stop in time and is ended");
        std::process::exit(1);
    })?;
    Ok(())
}
