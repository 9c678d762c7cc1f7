//! The server: start, drain, stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use hsc_actors::Pod;
use hsc_actors::ports::archive::ArchiveError;
use hsc_config::{Settings, SettingsError};
use hsc_monitoring::Process;
use log::{error, info, warn};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, timeout, timeout_at};

use crate::archive::{IncompatibleSchema, SpillFolder, Spilled};
use crate::components::{ArchiveComponents, Components};
use crate::drain::{Drain, Drained};
use crate::http::Certificate;
use crate::listeners::Listeners;
use crate::secrets::SecretsReloader;
pub use crate::start_error::StartError;
use crate::temporary;

/// Longest a stopping server waits for the archive. A batch takes milliseconds; one that is away gets no
/// more of the time that the system gives us.
const WRITE_BEHIND: Duration = Duration::from_secs(3);
/// Longest it waits for its actors, and for Redis to forget this pod.
const LEAVES: Duration = Duration::from_secs(5);
/// Longest it waits for requests that are being answered.
const REQUESTS_END: Duration = Duration::from_secs(5);

/// Longest it waits for the collector of traces.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// A server that serves.
pub struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// `https` where it speaks TLS, else `http`.
    pub(crate) scheme: &'static str,
    /// Where it listens for operations; none where it does not listen apart for them.
    pub(crate) operations_address: Option<SocketAddr>,
    handle: ServerHandle,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    certificates: Option<tokio::task::AbortHandle>,
    pod: Arc<Pod>,
    components: Components,
    secrets: Arc<SecretsReloader>,
    public_url: String,
    drain: Arc<Drain>,
}

impl Server {
    /// Makes the components and serves. Must run inside an actix system.
    ///
    /// # Errors
    /// What is wrong and what to do about it.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let process = Process::start();
        // Before the catalog: a port that is taken is reported at once.
        let listeners = Listeners::open(&settings.server)?;
        let (address, operations_address) = (listeners.address, listeners.operations_address);
        remove_abandoned_folders();
        for warning in settings.warnings() {
            warn!("{warning}");
        }
        let components = Components::new(settings)?;
        // Before a client is served: no session is lost by a server that the archive excludes.
        components.archive.store.check_schema().await?;
        let pod = components.start_pod(settings, address)?;
        let timeout = Duration::from_millis(settings.server.drain_timeout_ms);
        let drain = Arc::new(Drain::new(Arc::clone(&pod), timeout));
        let routes = components.routes(settings, &listeners, process, &pod, &drain);
        let certificate = Certificate::of(&settings.server.tls)?;
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let server = listeners.serve(settings, certificate.clone(), &web::Data::new(routes))?;
        let metrics = Arc::clone(&components.metrics);
        let certificates =
            certificate.map(|it| tokio::spawn(it.keep_current(metrics)).abort_handle());
        Ok(Self {
            address,
            scheme,
            operations_address,
            handle: server.handle(),
            task: tokio::spawn(server),
            certificates,
            pod,
            secrets: components.secrets(settings),
            components,
            public_url: public_url(&settings.server.public_url, scheme, address),
            drain,
        })
    }

    /// A link that creates the first account; none if there is one.
    ///
    /// # Errors
    /// When the archive cannot be reached.
    pub async fn first_link(&self) -> Result<Option<String>, ArchiveError> {
        let token = self.components.team.first_link(false).await?;
        Ok(token.map(|token| first_link(&self.public_url, &token)))
    }

    /// On SIGHUP loads the catalog again, and uses secrets that have changed since the start, as `load` reads them; these
    /// within seconds without the signal, too.
    ///
    /// # Errors
    /// When no handler for the signal can be installed.
    pub fn reload_on_hangup(
        &self,
        load: impl Fn() -> Result<Settings, SettingsError> + Clone + Send + 'static,
    ) -> std::io::Result<()> {
        let (mut of_catalog, of_secrets) =
            (signal(SignalKind::hangup())?, signal(SignalKind::hangup())?);
        let reloader = Arc::clone(&self.components.catalog.reloader);
        tokio::spawn(async move {
            while of_catalog.recv().await.is_some() {
                reloader.reload("SIGHUP").await;
            }
        });
        tokio::spawn(Arc::clone(&self.secrets).keep_current(load, of_secrets));
        Ok(())
    }

    /// Waits until an essential actor was given up, if the settings end the pod then. Returns the reason.
    pub async fn gave_up(&self) -> String {
        self.pod.ended().await.to_string()
    }

    /// Waits until the archive turns out to have tables that this server cannot use: after a start while the database
    /// was down.
    pub async fn archive_refused(&self) -> IncompatibleSchema {
        self.components.archive.store.incompatible().await
    }

    /// Waits until an operator requests a drain (`POST /admin/drain`).
    pub async fn drain_asked(&self) {
        self.drain.requested().await;
    }

    /// Refuses new work, lets running answers end within the configured time, and stops. Other pods complete the
    /// answers that do not end in time. Each step has a part of the time, so that a hanging one leaves enough for the
    /// others.
    ///
    /// # Errors
    /// When the server had failed before.
    pub async fn drain(self) -> std::io::Result<()> {
        let Drained { remaining, leaves_work, until } = self.drain.run().await;
        let part = |most: Duration| most.min(until.saturating_duration_since(Instant::now()) / 3);
        let stopping = self.handle.stop(remaining == 0);
        if timeout(part(REQUESTS_END), stopping).await.is_err() {
            warn!("some requests did not end in time");
        }
        // Records that are not written by then, or are queued later, are stored on disk.
        self.pod.archive().flush(part(WRITE_BEHIND)).await;
        if let Some(traces) = &self.components.traces {
            // The remaining spans are dropped with the process.
            let _ = timeout(part(LAST_SPANS), traces.flush()).await;
        }
        if let Some(certificates) = self.certificates {
            certificates.abort();
        }
        if timeout(part(LEAVES), self.pod.stop(leaves_work)).await.is_err() {
            warn!("some actors did not end in time");
        }
        let ArchiveComponents { store, spill: folder, .. } = self.components.archive;
        if timeout_at(until, spill(folder, &self.pod)).await.is_err() {
            error!("the unwritten records were not stored on disk in time");
        }
        let closing = async {
            store.close().await;
            self.task.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        };
        let Ok(ended) = timeout_at(until, closing).await else {
            warn!("some connections did not end in time");
            return Ok(());
        };
        info!("stopped");
        ended
    }
}

/// Stores the records that the archive did not take. The writer has ended.
async fn spill(folder: SpillFolder, pod: &Pod) {
    let records = pod.archive().unwritten();
    if records.is_empty() {
        return;
    }
    let stored = tokio::task::spawn_blocking(move || folder.store(&records));
    match stored.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
        Ok(Spilled { stored, dropped: 0 }) => {
            warn!(stored; "the archive did not take all records in time; the next start writes the others");
        }
        Ok(Spilled { stored, dropped }) => {
            error!(stored, dropped; "the archive did not take all records in time, and not all fit archive.spill_dir");
        }
        Err(error) => error!(cause:% = error; "the unwritten records cannot be stored on disk"),
    }
}

/// Removes what killed processes left behind, which may be gigabytes, beside the start.
fn remove_abandoned_folders() {
    drop(tokio::task::spawn_blocking(|| {
        let folders = temporary::remove_abandoned(&std::env::temp_dir());
        if folders > 0 {
            info!(folders; "removed temporary folders of processes that have ended");
        }
    }));
}

/// The address of the page that creates the first account.
pub(crate) fn first_link(public_url: &str, token: &str) -> String {
    format!("{public_url}/first?token={token}")
}

/// The server's URL for browsers: the configured one, else the listen address.
pub(crate) fn public_url(configured: &str, scheme: &str, address: SocketAddr) -> String {
    if !configured.is_empty() {
        return configured.trim_end_matches('/').to_owned();
    }
    // A browser cannot open 0.0.0.0; it most likely runs on this machine.
    match address.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}", address.port()),
        false => format!("{scheme}://{address}"),
    }
}
