//! The server put together: start, wiring, drain. The only file that knows every part.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use hsc_actors::archiving::{self, ArchiveHandle, ArchiveLimits, Retention};
use hsc_actors::cache::CacheLimits;
use hsc_actors::ports::{
    Auditor, ConversationLog, HandoffDesk, Identify, PodDirectory, RedisStatus, Relay, SharedQuota,
    Uploads,
};
use hsc_actors::{
    Admission, CacheBudgets, DeskLimits, HandoffLimits, Hours, ImageLimits, InvalidHours,
    Invalidate, L2Caches, LogLimits, ManualCache, MemoryDesk, MemoryLog, Pod, PodRegistration,
    SessionRegistry, SocketLimits, SupervisionConfig,
};
use hsc_catalogs::{LoadReport, Snapshot};
use hsc_config::{ManualsSettings, ServerSettings, Settings};
use hsc_conversation::Rules;
use hsc_conversation::archive::Record;
use hsc_conversation::protocol::Limits;
use hsc_monitoring::{Metrics, Process};
use log::{info, warn};
use tokio::net::TcpSocket;
use tokio::time::Instant;

use crate::answers;
use crate::archive::{NoArchive, Store};
use crate::catalog_folder::CatalogFolder;
use crate::drain::{Drain, Drained};
use crate::embedding_loader::EmbeddingLoader;
use crate::embeddings::{self, Embeddings};
use crate::http::{self, Capacity, Certificate, Connections, Deadlines, Listener};
use crate::identity::{SignedVisitorTokens, Team};
use crate::manuals::{LoadError, Loader};
use crate::pods::{
    self, InvalidAddress, Link, RedisDesk, RedisLog, RedisPodDirectory, RedisQuota, RedisRelay,
};
use crate::reload::{self, Reloader, tell};
use crate::temporary;
use crate::uploads::{self, Folder, NoFolder};
use crate::webhooks::Webhooks;

/// Connections the system may hold for us until they are accepted: a pod that comes back is met by
/// all of its clients at once.
const BACKLOG: u32 = 4_096;
/// Connections beyond those that may be open which are accepted to be told so.
const BEING_JUDGED: usize = 64;
/// How much longer the system tries to send than the table of connections waits, so that a close is counted.
const AFTER_THE_TABLE: Duration = Duration::from_secs(5);
/// Longest a stopping server waits for the archive. A batch takes milliseconds; one that is away gets no
/// more of the time that the system gives us.
const WRITE_BEHIND: Duration = Duration::from_secs(3);
const DAY: Duration = Duration::from_secs(86_400);

/// Why the server did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "{address} is in use by another program; stop it, or choose another port: HSC__SERVER__PORT={} hsc serve", address.port().wrapping_add(1))]
    PortInUse {
        /// Address and port.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {host}:{port}: {cause}; server.host and server.port set the address")]
    CannotListen {
        /// The host of the settings.
        host: String,
        /// The port of the settings.
        port: u16,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The system does not let us listen for operations.
    #[error("cannot listen on {address}: {cause}; server.operations_listen sets the address")]
    NoOperations {
        /// Address and port.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The certificate of the settings cannot be shown.
    #[error(transparent)]
    NoCertificate(#[from] http::InvalidCertificate),
    /// The answerer of the settings cannot be made.
    #[error(transparent)]
    NoAnswerer(crate::answers::NoAnswerer),
    /// The folder of the catalog cannot be read.
    #[error("cannot read the catalog folder {}: {cause}; catalog.dir names it", dir.display())]
    NoCatalog {
        /// Path of the folder.
        dir: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Manuals cannot be loaded here.
    #[error("cannot load manuals: {0}; manuals.cache_dir names the folder for them")]
    NoManuals(#[source] LoadError),
    /// The address of Redis is none. A Redis that is away is no reason not to start.
    #[error(transparent)]
    NoRedis(InvalidAddress),
    /// The opening hours are none.
    #[error(transparent)]
    NoHours(#[from] InvalidHours),
    /// A key that visitors' tokens are signed with is none.
    #[error(transparent)]
    NoVisitors(crate::identity::InvalidKey),
    /// There is no place for pictures.
    #[error(transparent)]
    NoUploads(#[from] NoFolder),
    /// The archive of the settings cannot be made. One that is away is no reason not to start.
    #[error(transparent)]
    NoArchive(NoArchive),
    /// The provider at which the team is to sign in cannot be one.
    #[error(transparent)]
    NoProvider(crate::identity::NoProvider),
    /// An endpoint of webhooks cannot be one.
    #[error(transparent)]
    NoEndpoint(#[from] crate::webhooks::NoEndpoint),
    /// The server itself did not start.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}

/// A server that serves.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    operations_address: Option<SocketAddr>,
    handle: ServerHandle,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
    certificates: Option<tokio::task::AbortHandle>,
    house: Arc<Pod>,
    reloader: Arc<Reloader>,
    team: Arc<Team>,
    public_url: String,
    archive: Arc<Store>,
    drain: Arc<Drain>,
}

impl Server {
    /// Puts the parts together and serves. Must run inside an actix system.
    ///
    /// # Errors
    /// What is wrong and what to do about it.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let process = Process::start();
        // Before the catalog: who tries a port that is taken waits for nothing.
        let listener = listen(&settings.server)?;
        let address = listener.local_addr()?;
        // Beside the start: a killed server may have left gigabytes.
        drop(tokio::task::spawn_blocking(|| {
            let folders = temporary::remove_abandoned();
            if folders > 0 {
                info!(folders; "removed temporary folders of processes that have ended");
            }
        }));
        let operations = operations(&settings.server.operations_listen)?;
        for doubt in settings.doubts() {
            warn!("{doubt}");
        }
        let hours = Hours::of(&settings.desk.hours)?;
        let metrics = Metrics::new();
        let redis = settings.redis.url.reveal().map(|_| Link::connect(&settings.redis));
        let redis = redis.transpose().map_err(StartError::NoRedis)?;
        let relay = redis.as_ref().map(|_| RedisRelay::new(&settings.redis));
        let relay = relay.transpose().map_err(StartError::NoRedis)?;
        let relay = relay.map(|relay| Arc::new(relay) as Arc<dyn Relay>);
        let dir = PathBuf::from(&settings.catalog.dir);
        let before = reload::FolderState::at(&dir);
        let LoadReport { catalog, problems } = load(&dir, &metrics)?;
        let catalog = Arc::new(Snapshot::new(catalog));
        let counted = Arc::clone(&metrics);
        let reloader = Reloader::new(Arc::clone(&catalog), dir.clone(), problems, counted);
        let reloader = Arc::new(reloader);
        let sessions = Arc::new(SessionRegistry::new(Admission::from(&settings.sessions)));
        let upkeep = SupervisionConfig::from(&settings.actors);
        let quiet = Duration::from_millis(settings.catalog.watch_debounce_ms);
        let watcher = settings.catalog.watch.then(|| {
            reload::watcher(
                Arc::clone(&reloader),
                dir.clone(),
                before,
                quiet,
                upkeep.care,
                &metrics,
            )
        });
        let limits = |budget| CacheLimits::of(&settings.cache, budget);
        let on_the_shelf = limits(&settings.cache.manuals);
        let loader = Loader::new(&manuals_of(settings), &dir, Arc::clone(&metrics))
            .map_err(StartError::NoManuals)?;
        let manual_files = Arc::new(loader.clone());
        let scans = loader.clone();
        let shared = pods::RedisL2Caches::new(redis.as_ref(), &settings.cache, &metrics);
        let second = shared.of("manuals", &settings.cache.manuals);
        let pods_share = redis.as_ref().map(|link| {
            Arc::new(pods::RedisVectors::new(link.clone()))
                as Arc<dyn hsc_actors::ports::SharedVectors>
        });
        let encoder = Embeddings::new(&settings.answers.encoder, pods_share, &metrics);
        let loader = EmbeddingLoader::new(Arc::new(loader), Arc::clone(&catalog));
        let prepares = loader.prepares();
        let shelf = ManualCache::new(Arc::new(loader), second, on_the_shelf, upkeep.care, &metrics);
        let answerer = answers::from(
            &settings.answers,
            Arc::new(shelf.clone()),
            Some(Arc::new(encoder.clone())),
            hsc_answers::RankingParts::ALL,
            &metrics,
        )
        .map_err(StartError::NoAnswerer)?;
        prepares.set(&answerer);
        let pod = crate::pods::name(&settings.server.pod_name);
        info!(pod:%; "this pod has a name");
        let vouching =
            SignedVisitorTokens::new(&settings.visitors).map_err(StartError::NoVisitors)?;
        let kept = LogLimits::from(&settings.conversations);
        let log: Arc<dyn ConversationLog> = match &redis {
            Some(link) => Arc::new(RedisLog::new(link.clone(), Arc::clone(&pod), kept)),
            None => Arc::new(MemoryLog::new(kept).of_pod(&pod)),
        };
        let shared_quota = redis
            .as_ref()
            .map(|link| Arc::new(RedisQuota::new(link.clone())) as Arc<dyn SharedQuota>);
        let for_desk = DeskLimits::from(&settings.desk);
        let desk: Arc<dyn HandoffDesk> = match &redis {
            Some(link) => Arc::new(RedisDesk::new(link.clone(), Arc::clone(&pod), for_desk)),
            None => Arc::new(MemoryDesk::new(for_desk, Arc::clone(&pod))),
        };
        let archive = Arc::new(Store::new(&settings.archive).map_err(StartError::NoArchive)?);
        info!(archive:% = archive.describe(); "conversations are archived");
        let recording = ArchiveHandle::new(ArchiveLimits::from(&settings.archive), &metrics);
        let webhooks =
            Webhooks::new(&settings.webhooks, recording.clone(), archive.clone(), &metrics)?;
        let hears = webhooks.clone();
        let recording = recording.heard_by(move |stamped| hears.heard(stamped));
        let auditor: Auditor = {
            let recording = recording.clone();
            Arc::new(move |audit| recording.record(Record::Audit(audit)))
        };
        let (identity, admin_token) = (&settings.identity, &settings.admin.token);
        let team = Team::new(identity, admin_token, archive.clone(), Arc::clone(&auditor))
            .map_err(StartError::NoProvider)?;
        let team = Arc::new(team);
        let tokens = Arc::new(hsc_actors::tokens_of(&settings.conversations));
        let pictures = Folder::new(&settings.uploads, Arc::clone(&tokens))?;
        let mut workers: Vec<_> = watcher.into_iter().collect();
        workers.push(embeddings::worker(&encoder, upkeep.care, &metrics));
        workers.push(uploads::tidier(pictures.clone(), recording.clone(), upkeep.care, &metrics));
        let pictures: Arc<dyn Uploads> = Arc::new(pictures);
        workers.push(archiving::writer(archive.clone(), recording.clone(), upkeep.care, &metrics));
        if !webhooks.is_empty() {
            workers.push(webhooks.courier(upkeep.care));
        }
        if settings.archive.retention_days > 0 {
            let keeping = Retention {
                privacy: archive.clone(),
                uploads: Arc::clone(&pictures),
                keep: DAY * settings.archive.retention_days,
            };
            workers.push(archiving::keeper(keeping, upkeep.care, &metrics));
        }
        let house = Arc::new(Pod::start(hsc_actors::PodDependencies {
            pod,
            relay,
            attendance: attendance(settings, address, redis.as_ref()),
            catalog: Arc::clone(&catalog),
            shelf,
            answerer,
            sessions: Arc::clone(&sessions),
            log: Arc::clone(&log),
            desk,
            hours,
            desk_heartbeat: for_desk.heartbeat(),
            archive: recording,
            notes: archive.clone(),
            tokens: Arc::clone(&tokens),
            vouch: Some(Arc::new(vouching)),
            rules: rules(settings),
            limits: socket_limits(settings),
            budgets: CacheBudgets {
                predictions: limits(&settings.cache.predictions),
                answers: limits(&settings.cache.answers),
            },
            seconds: L2Caches {
                predictions: shared.of("predictions", &settings.cache.predictions),
                answers: shared.of("answers", &settings.cache.answers),
            },
            upkeep,
            workers,
            metrics: Arc::clone(&metrics),
        }));
        forget_what_scans_lacked(&scans, &house);
        let drain_timeout = Duration::from_millis(settings.server.drain_timeout_ms);
        let drain = Arc::new(Drain::new(Arc::clone(&house), drain_timeout));
        let parts = web::Data::new(http::Dependencies {
            drain: Arc::clone(&drain),
            catalog,
            house: Arc::clone(&house),
            manual_files,
            encoder: Arc::new(encoder),
            redis: redis.map(|link| Arc::new(link) as Arc<dyn RedisStatus>),
            redis_required: settings.redis.required_for_ready,
            metrics,
            process,
            body_deadline: http::BodyDeadline::from(&settings.server),
            operations_apart: operations.is_some(),
            https_only: settings.server.public_url.starts_with("https://"),
            trusted_proxies: http::TrustedProxies::new(&settings.server.trusted_proxies),
            origins: http::Origins::new(
                &settings.server.allowed_origins,
                &settings.server.public_url,
            ),
            frame_ancestors: http::FrameAncestors::new(&settings.server.frame_ancestors),
            identify: Arc::clone(&team) as Arc<dyn Identify>,
            staff: team.clone(),
            auditor,
            announcer: webhooks.announcer(),
            webhooks: Arc::new(webhooks),
            deliveries: archive.clone(),
            uploads: pictures,
            tokens,
            log,
            archive: archive.clone(),
            analytics: archive.clone(),
            replies: archive.clone(),
            reads: http::Reads::default(),
            allowances: http::Allowances::new(&settings.uploads, &settings.offline_messages)
                .counted_by(shared_quota),
            admin: http::AdminRules {
                token: settings.admin.token.clone(),
                chaos: settings.chaos.enabled,
            },
            settings: settings.shown(),
            catalog_folder: CatalogFolder::new(Arc::clone(&reloader)),
            statics: dir.join("static"),
        });
        let operations_address = operations.as_ref().map(|it| it.local_addr()).transpose()?;
        let certificate = Certificate::of(&settings.server.tls)?;
        let server = serve(settings, (listener, operations), certificate.clone(), &parts)?;
        let handle = server.handle();
        let task = tokio::spawn(server);
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let certificates = certificate
            .map(|it| tokio::spawn(it.keep_current(Arc::clone(&parts.metrics))).abort_handle());
        let public_url = public_url(&settings.server.public_url, scheme, address);
        Ok(Self {
            address,
            scheme,
            operations_address,
            handle,
            task,
            certificates,
            house,
            reloader,
            team,
            public_url,
            archive,
            drain,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https` where it speaks TLS, else `http`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Where it listens for operations; none where it does not listen apart for them.
    #[must_use]
    pub fn operations_address(&self) -> Option<SocketAddr> {
        self.operations_address
    }

    /// The link that makes the first account; none where there is one.
    pub async fn first_link(&self) -> Option<String> {
        let token = match self.team.first_link().await {
            Ok(token) => token?,
            Err(error) => {
                warn!(cause:% = error; "whether there is an account could not be learnt");
                return None;
            }
        };
        Some(format!("{}/first?token={token}", self.public_url))
    }

    /// Loads the catalog again whenever the process is asked to (SIGHUP).
    ///
    /// # Errors
    /// When the system does not let us hear the signal.
    pub fn reload_on_hangup(&self) -> std::io::Result<()> {
        let mut hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        let reloader = Arc::clone(&self.reloader);
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                reloader.reload("SIGHUP").await;
            }
        });
        Ok(())
    }

    /// Waits until an actor was given up that the pod cannot do without, where the settings say that it
    /// ends then. Says why.
    pub async fn gave_up(&self) -> String {
        self.house.ended().await.to_string()
    }

    /// Waits until an operator has the server drain (`POST /admin/drain`).
    pub async fn drain_asked(&self) {
        self.drain.requested().await;
    }

    /// Takes no new work, lets running answers end within the time of the settings, and stops. Answers
    /// that do not end in time are left to another pod.
    ///
    /// # Errors
    /// When the server had failed before.
    pub async fn drain(self) -> std::io::Result<()> {
        let Drained { left, leaves_work } = self.drain.run().await;
        self.handle.stop(left == 0).await;
        let unwritten = self.house.archive().flush(WRITE_BEHIND).await;
        if unwritten > 0 {
            warn!(records = unwritten; "the archive did not take everything in time");
        }
        if let Some(certificates) = self.certificates {
            certificates.abort();
        }
        self.house.stop(leaves_work).await;
        self.archive.close().await;
        let ended = self.task.await.unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        info!("stopped");
        ended
    }
}

/// Where a browser finds us: as the settings say, else where we listen.
fn public_url(said: &str, scheme: &str, address: SocketAddr) -> String {
    if !said.is_empty() {
        return said.trim_end_matches('/').to_owned();
    }
    // Nobody can open 0.0.0.0; whoever reads this is most likely here.
    match address.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}", address.port()),
        false => format!("{scheme}://{address}"),
    }
}

/// Listens for operations, where the settings name an address for them.
fn operations(address: &str) -> Result<Option<std::net::TcpListener>, StartError> {
    let Ok(address) = address.parse::<SocketAddr>() else { return Ok(None) };
    let listener = bind(address).map_err(|cause| StartError::NoOperations { address, cause })?;
    Ok(Some(listener))
}

/// Serves the routes on both listeners.
fn serve(
    settings: &Settings,
    (listener, operations): (std::net::TcpListener, Option<std::net::TcpListener>),
    certificate: Option<Arc<Certificate>>,
    parts: &web::Data<http::Dependencies>,
) -> Result<actix_server::Server, StartError> {
    let server = &settings.server;
    // As many as the system lets us have: each client holds one.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let capacity = Capacity::new(server, descriptors);
    let sessions = settings.sessions.max;
    info!(descriptors, connections = capacity.general, reserved = capacity.reserved; "connections that may be open");
    if capacity.general < sessions {
        warn!(connections = capacity.general, sessions; "fewer connections may be open than sessions.max says; \
            raise the limit of file descriptors (ulimit -n) or server.max_connections");
    }
    let deadlines = Deadlines {
        header: Duration::from_millis(server.header_timeout_ms),
        idle: Duration::from_millis(server.keep_alive_ms),
        write: Duration::from_millis(server.write_timeout_ms),
    };
    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        chosen => chosen,
    };
    // The table of connections decides who is served. Up to here all are accepted, to be judged there.
    let accepted = capacity.general + capacity.reserved + Capacity::OPERATIONS.general;
    let builder = actix_server::Server::build()
        .disable_signals()
        .workers(workers)
        .max_concurrent_connections((accepted + BEING_JUDGED).div_ceil(workers))
        // Sessions are gone by then; this is for a slow download.
        .shutdown_timeout(5);
    let trusted_proxies = http::TrustedProxies::new(&server.trusted_proxies);
    let public = Listener {
        connections: Connections::new(capacity, deadlines),
        trusted_proxies,
        proxy_protocol: server.proxy_protocol,
        certificate,
        metrics: Arc::clone(&parts.metrics),
    };
    let routes = parts.clone();
    let builder = public.serve(builder, listener, move || http::routes(routes.clone()))?;
    let Some(operations) = operations else { return Ok(builder.run()) };
    let private = Listener {
        connections: Connections::new(Capacity::OPERATIONS, deadlines),
        trusted_proxies: http::TrustedProxies::default(),
        proxy_protocol: false,
        certificate: None,
        metrics: Arc::clone(&parts.metrics),
    };
    let routes = parts.clone();
    let routes = move || http::operations_routes(routes.clone());
    Ok(private.serve(builder, operations, routes)?.run())
}

fn listen(settings: &ServerSettings) -> Result<std::net::TcpListener, StartError> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let cannot = |cause| StartError::CannotListen { host: host.to_owned(), port, cause };
    let address = (host, port)
        .to_socket_addrs()
        .and_then(|mut found| {
            found.next().ok_or_else(|| std::io::Error::other("the name has no address"))
        })
        .map_err(cannot)?;
    let bound = || {
        let listener = bind(address)?;
        // Connections inherit it. Without it the system would try for minutes to send what a connection that
        // was closed has left.
        let given_up = Duration::from_millis(settings.write_timeout_ms) + AFTER_THE_TABLE;
        socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(given_up))?;
        Ok(listener)
    };
    bound().map_err(|cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortInUse { address },
        _ => cannot(cause),
    })
}

fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Else a restart would wait a minute for the sockets of the last run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

fn load(dir: &Path, metrics: &Metrics) -> Result<LoadReport, StartError> {
    let began = Instant::now();
    let report = hsc_catalogs::load_dir(dir)
        .map_err(|cause| StartError::NoCatalog { dir: dir.to_owned(), cause })?;
    tell(&report.problems);
    let (products, brands) = (report.catalog.products().len(), report.catalog.brands().len());
    metrics.catalog.holds(products, brands, report.problems.len());
    info!(products, brands, problems = report.problems.len(), version:% = report.catalog.version(),
        took_ms = began.elapsed().as_millis() as u64; "catalog loaded");
    Ok(report)
}

/// The settings of manuals. Fetching and reading take their part of the time of a load, so its other half at most is
/// waited for scanned pages.
fn manuals_of(settings: &Settings) -> ManualsSettings {
    let mut manuals = settings.manuals.clone();
    manuals.ocr.wait_ms = manuals.ocr.wait_ms.min(settings.cache.load_timeout_ms / 2);
    manuals
}

fn rules(settings: &Settings) -> Rules {
    Rules {
        pending_questions: settings.sessions.max_pending_questions,
        prefetch_confidence: settings.sessions.prefetch_confidence,
        limits: Limits::new(settings.server.max_message_bytes, settings.server.messages_per_second),
    }
}

/// Has a manual forgotten, and the answers made from it, when OCR has read pages that it was opened without.
fn forget_what_scans_lacked(scans: &Loader, house: &Arc<Pod>) {
    // Weak: the house owns the loader.
    let house = Arc::downgrade(house);
    scans.when_more(move |documentation| {
        let Some(house) = house.upgrade() else { return };
        drop(tokio::spawn(async move {
            if let Err(error) = house.invalidate(Invalidate::Manual(documentation.url)).await {
                warn!(error:%; "a manual with newly recognized pages is not forgotten");
            }
        }));
    });
}

fn attendance(settings: &Settings, address: SocketAddr, redis: Option<&Link>) -> PodRegistration {
    let expires = Duration::from_millis(settings.pods.expires_ms);
    let roll = redis.map(|link| RedisPodDirectory::new(link.clone(), expires));
    let advertise = &settings.server.advertise;
    PodRegistration {
        roll: roll.map(|roll| Arc::new(roll) as Arc<dyn PodDirectory>),
        address: if advertise.is_empty() { address.to_string() } else { advertise.clone() },
        version: env!("CARGO_PKG_VERSION"),
        started_at: jiff::Timestamp::now().to_string(),
        heartbeat: Duration::from_millis(settings.pods.heartbeat_ms),
        expires,
    }
}

fn socket_limits(settings: &Settings) -> SocketLimits {
    SocketLimits {
        ping_interval: Duration::from_millis(settings.server.ping_interval_ms),
        idle_timeout: Duration::from_millis(settings.server.idle_timeout_ms),
        prefetch_after: Duration::from_millis(settings.sessions.prefetch_after_ms),
        outgoing_bytes: settings.server.outgoing_queue_bytes,
        queued_bytes: settings.server.queued_bytes,
        burst: settings.server.message_burst,
        small_frames_per_second: settings.server.small_frames_per_second,
        message_deadline: Duration::from_millis(settings.server.message_deadline_ms),
        unfinished_bytes: settings.server.unfinished_message_bytes,
        close_timeout: Duration::from_millis(settings.server.close_timeout_ms),
        max_answers: settings.sessions.max_answers,
        max_waiting_answers: settings.sessions.max_waiting_answers,
        max_waiting_answers_per_address: settings.sessions.max_waiting_answers_per_address,
        images: ImageLimits::from(&settings.sessions),
        handoffs: HandoffLimits::from(&settings.desk),
        busy_after: Duration::from_millis(settings.sessions.overload_after_ms),
    }
}
