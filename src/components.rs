//! The components of a server, created from the settings. Each step creates one and returns why it failed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hsc_actors::archiving::{self, ArchiveHandle, ArchiveLimits, Retention};
use hsc_actors::cache::CacheLimits;
use hsc_actors::ports::{Answerer, Auditor, ConversationLog, HandoffDesk, Relay};
use hsc_actors::supervision::{Care, ChildSpec};
use hsc_actors::{
    DeskLimits, HandoffLimits, Hours, Invalidate, L2Caches, LogLimits, ManualCache, MemoryDesk,
    MemoryLog, Pod, PodDependencies, PodRegistration, PodServices, SupervisionConfig,
};
use hsc_config::{ManualsSettings, Settings};
use hsc_conversation::archive::Record;
use hsc_conversation::protocol::Limits;
use hsc_conversation::{Rules, Tokens};
use hsc_monitoring::{Metrics, Process};
use log::{info, warn};

use crate::answers;
use crate::archive::{SpillFolder, Store};
use crate::catalog_folder::CatalogFolder;
use crate::drain::Drain;
use crate::embedding_loader::EmbeddingLoader;
use crate::embeddings::{self, Embeddings};
use crate::http;
use crate::identity::{SignedVisitorTokens, Team};
use crate::listeners::Listeners;
use crate::manuals::Loader;
use crate::outbound::OutboundTls;
use crate::pods::{self, Link, RedisDesk, RedisLog, RedisPodDirectory, RedisRelay};
use crate::reload::{self, Reloader};
use crate::secrets::SecretsReloader;
use crate::start_error::StartError;
use crate::trace_exporter::TraceExporter;
use crate::uploads::{self, Folder};
use crate::webhooks::Webhooks;

const DAY: Duration = Duration::from_secs(86_400);

/// The inputs of the pod and the routes.
pub(crate) struct Components {
    pub(crate) metrics: Arc<Metrics>,
    supervision: SupervisionConfig,
    pod_name: Arc<str>,
    redis: Redis,
    pub(crate) catalog: CatalogComponents,
    manuals: ManualComponents,
    pub(crate) archive: ArchiveComponents,
    pub(crate) team: Arc<Team>,
    tokens: Arc<Tokens>,
    visitor_tokens: Arc<SignedVisitorTokens>,
    uploads: Folder,
    log: Arc<dyn ConversationLog>,
    pub(crate) traces: Option<TraceExporter>,
}

/// The connections to Redis, if the settings name one.
struct Redis {
    link: Option<Link>,
    relay: Option<Arc<dyn Relay>>,
}

/// The catalog, and its reloader.
pub(crate) struct CatalogComponents {
    pub(crate) reloader: Arc<Reloader>,
    watcher: Option<ChildSpec>,
}

/// The components from a manual's address to an answer.
struct ManualComponents {
    loader: Loader,
    encoder: Embeddings,
    cache: ManualCache,
    answerer: Arc<dyn Answerer>,
}

/// The archive, and the observers of its records.
pub(crate) struct ArchiveComponents {
    pub(crate) store: Arc<Store>,
    /// Where a stopping server stores records that it could not write.
    pub(crate) spill: SpillFolder,
    handle: ArchiveHandle,
    webhooks: Webhooks,
    auditor: Auditor,
}

impl Components {
    /// Creates the components of these settings.
    pub(crate) fn new(settings: &Settings) -> Result<Self, StartError> {
        let metrics = Metrics::new();
        metrics.built(crate::VERSION, crate::COMMIT);
        http::start_counters(&metrics);
        let supervision = SupervisionConfig::from(&settings.actors);
        let pod_name = pods::name(&settings.server.pod_name);
        info!(pod:% = pod_name; "started this pod");
        let redis = Redis::connect(settings)?;
        let catalog = CatalogComponents::load(settings, supervision.care, &metrics)?;
        let care = supervision.care;
        let tls = OutboundTls::new(&settings.outbound.ca_file)?;
        let traces = TraceExporter::new(&settings.traces, &pod_name, &tls, &metrics)?;
        let manuals =
            ManualComponents::new(settings, &redis, &catalog.reloader, care, &tls, &metrics)?;
        let archive = ArchiveComponents::new(settings, &tls, &metrics)?;
        let team = archive.team(settings, &tls)?;
        let tokens = Arc::new(hsc_actors::tokens_of(&settings.conversations));
        let visitor_tokens = SignedVisitorTokens::new(&settings.visitors)?;
        let uploads = Folder::new(&settings.uploads, Arc::clone(&tokens))?;
        let log = redis.log(settings, &pod_name);
        Ok(Self {
            metrics,
            supervision,
            pod_name,
            redis,
            catalog,
            manuals,
            archive,
            team,
            tokens,
            visitor_tokens: Arc::new(visitor_tokens),
            uploads,
            log,
            traces,
        })
    }

    /// Starts the pod, which other pods reach at this address.
    pub(crate) fn start_pod(
        &self,
        settings: &Settings,
        address: SocketAddr,
    ) -> Result<Arc<Pod>, StartError> {
        let desk_limits = DeskLimits::from(&settings.desk);
        let pod = Arc::new(Pod::start(PodDependencies {
            name: Arc::clone(&self.pod_name),
            relay: self.redis.relay.clone(),
            registration: self.redis.registration(settings, address),
            catalog: Arc::clone(self.catalog.reloader.snapshot()),
            manuals: self.manuals.cache.clone(),
            answerer: Arc::clone(&self.manuals.answerer),
            desk: self.redis.desk(desk_limits, &self.pod_name),
            hours: Hours::of(&settings.desk.hours)?,
            handoffs: HandoffLimits::from(&settings.desk),
            desk_heartbeat: desk_limits.heartbeat(),
            services: PodServices {
                log: Arc::clone(&self.log),
                tokens: Arc::clone(&self.tokens),
                archive: self.archive.handle.clone(),
                notes: self.archive.store.clone(),
                rules: rules(settings),
                server: settings.server.clone(),
                sessions: settings.sessions.clone(),
                metrics: Arc::clone(&self.metrics),
            },
            visitor_tokens: Some(self.visitor_tokens.clone()),
            cache: settings.cache.clone(),
            l2: self.redis.l2(settings, &self.metrics),
            supervision: self.supervision,
            workers: self.workers(settings),
        }));
        forget_what_scans_lacked(&self.manuals.loader, &pod);
        Ok(pod)
    }

    /// The tasks of the server that the pod supervises.
    fn workers(&self, settings: &Settings) -> Vec<ChildSpec> {
        let (care, metrics) = (self.supervision.care, &self.metrics);
        let ArchiveComponents { store, spill, handle, webhooks, .. } = &self.archive;
        let mut workers: Vec<_> = self.catalog.watcher.iter().cloned().collect();
        workers.push(embeddings::worker(&self.manuals.encoder, care, metrics));
        workers.push(uploads::cleanup_worker(self.uploads.clone(), handle.clone(), care, metrics));
        let spilled = Arc::new(spill.clone());
        workers.push(archiving::writer(store.clone(), spilled, handle.clone(), care, metrics));
        if !webhooks.is_empty() {
            workers.push(webhooks.delivery_worker(care));
        }
        workers.extend(self.traces.as_ref().map(|traces| traces.worker(care)));
        if settings.archive.retention_days > 0 {
            let retention = Retention {
                privacy: store.clone(),
                uploads: Arc::new(self.uploads.clone()),
                keep: DAY * settings.archive.retention_days,
            };
            workers.push(archiving::retention_worker(retention, care, metrics));
        }
        workers
    }

    /// The inputs of the routes.
    pub(crate) fn routes(
        &self,
        settings: &Settings,
        listeners: &Listeners,
        process: Process,
        pod: &Arc<Pod>,
        drain: &Arc<Drain>,
    ) -> http::Dependencies {
        let (server, archive) = (&settings.server, &self.archive);
        let redis = &self.redis.link;
        let quota = redis.clone().map(|link| Arc::new(link) as _);
        http::Dependencies {
            catalog: Arc::clone(self.catalog.reloader.snapshot()),
            pod: Arc::clone(pod),
            manual_files: Arc::new(self.manuals.loader.clone()),
            encoder: Arc::new(self.manuals.encoder.clone()),
            redis: redis.clone().map(|link| Arc::new(link) as _),
            redis_required: settings.redis.required_for_ready,
            drain: Arc::clone(drain),
            metrics: Arc::clone(&self.metrics),
            process,
            server: server.clone(),
            operations_apart: listeners.operations_address.is_some(),
            https_only: server.public_url.starts_with("https://"),
            trusted_proxies: http::TrustedProxies::new(&server.trusted_proxies),
            origins: http::Origins::new(&server.allowed_origins, &server.public_url),
            frame_ancestors: http::FrameAncestors::new(&server.frame_ancestors),
            takes_admin_token: settings.admin.token.reveal().is_some(),
            chaos: settings.chaos.enabled,
            catalog_folder: CatalogFolder::new(Arc::clone(&self.catalog.reloader)),
            settings: settings.shown(),
            identify: self.team.clone(),
            staff: self.team.clone(),
            auditor: Arc::clone(&archive.auditor),
            announcer: archive.webhooks.announcer(),
            webhooks: Arc::new(archive.webhooks.clone()),
            deliveries: archive.store.clone(),
            uploads: Arc::new(self.uploads.clone()),
            tokens: Arc::clone(&self.tokens),
            log: Arc::clone(&self.log),
            archive: archive.store.clone(),
            analytics: archive.store.clone(),
            replies: archive.store.clone(),
            reads: http::Reads::default(),
            allowances: http::Allowances::new(&settings.uploads, &settings.offline_messages, quota),
            statics: self.catalog.reloader.dir().join("static"),
        }
    }

    /// Replaces the secrets of these settings.
    pub(crate) fn secrets(&self, settings: &Settings) -> Arc<SecretsReloader> {
        Arc::new(SecretsReloader {
            current: Mutex::new(settings.clone()),
            tokens: Arc::clone(&self.tokens),
            team: Arc::clone(&self.team),
            visitor_tokens: Arc::clone(&self.visitor_tokens),
            webhooks: self.archive.webhooks.clone(),
        })
    }
}

impl Redis {
    fn connect(settings: &Settings) -> Result<Self, StartError> {
        if settings.redis.url.reveal().is_none() {
            return Ok(Self { link: None, relay: None });
        }
        let link = Link::connect(&settings.redis)?;
        let relay = RedisRelay::new(&settings.redis)?;
        Ok(Self { link: Some(link), relay: Some(Arc::new(relay)) })
    }

    fn log(&self, settings: &Settings, pod: &Arc<str>) -> Arc<dyn ConversationLog> {
        let limits = LogLimits::from(&settings.conversations);
        match &self.link {
            Some(link) => Arc::new(RedisLog::new(link.clone(), Arc::clone(pod), limits)),
            None => Arc::new(MemoryLog::new(limits).of_pod(pod)),
        }
    }

    fn desk(&self, limits: DeskLimits, pod: &Arc<str>) -> Arc<dyn HandoffDesk> {
        match &self.link {
            Some(link) => Arc::new(RedisDesk::new(link.clone(), Arc::clone(pod), limits)),
            None => Arc::new(MemoryDesk::new(limits, Arc::clone(pod))),
        }
    }

    fn l2(&self, settings: &Settings, metrics: &Metrics) -> L2Caches {
        let (link, cache) = (self.link.as_ref(), &settings.cache);
        L2Caches {
            predictions: pods::l2_cache("predictions", link, cache, &cache.predictions, metrics),
            answers: pods::l2_cache("answers", link, cache, &cache.answers, metrics),
        }
    }

    /// This pod's entry in the directory of pods.
    fn registration(&self, settings: &Settings, address: SocketAddr) -> PodRegistration {
        let expires = Duration::from_millis(settings.pods.expires_ms);
        let directory = self.link.clone().map(|link| RedisPodDirectory::new(link, expires));
        let advertise = &settings.server.advertise;
        PodRegistration {
            directory: directory.map(|directory| Arc::new(directory) as _),
            address: if advertise.is_empty() { address.to_string() } else { advertise.clone() },
            version: crate::VERSION,
            started_at: jiff::Timestamp::now().to_string(),
            heartbeat: Duration::from_millis(settings.pods.heartbeat_ms),
            expires,
        }
    }
}

impl CatalogComponents {
    fn load(settings: &Settings, care: Care, metrics: &Arc<Metrics>) -> Result<Self, StartError> {
        let dir = PathBuf::from(&settings.catalog.dir);
        // Before the files are read: a change during the load causes a reload.
        let before = reload::FolderState::at(&dir);
        let reloader = Reloader::load(dir.clone(), Arc::clone(metrics))
            .map_err(|cause| StartError::NoCatalog { dir, cause })?;
        let reloader = Arc::new(reloader);
        let quiet = Duration::from_millis(settings.catalog.watch_debounce_ms);
        let watched = settings.catalog.watch.then(|| Arc::clone(&reloader));
        let watcher = watched.map(|reloader| reload::watcher(reloader, before, quiet, care));
        Ok(Self { reloader, watcher })
    }
}

impl ManualComponents {
    fn new(
        settings: &Settings,
        redis: &Redis,
        catalog: &Reloader,
        care: Care,
        tls: &OutboundTls,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let loader = Loader::new(&manuals_of(settings), catalog.dir(), tls, Arc::clone(metrics))?;
        let vectors = redis.link.clone().map(|link| Arc::new(link) as _);
        let encoder = Embeddings::new(&settings.answers.encoder, vectors, metrics);
        let prepares = Arc::new(OnceLock::new());
        let embedding = EmbeddingLoader {
            inner: Arc::new(loader.clone()),
            catalog: Arc::clone(catalog.snapshot()),
            answerer: Arc::clone(&prepares),
        };
        let budget = &settings.cache.manuals;
        let link = redis.link.as_ref();
        let l2 = pods::l2_cache("manuals", link, &settings.cache, budget, metrics);
        let limits = CacheLimits::of(&settings.cache, budget);
        let cache = ManualCache::new(Arc::new(embedding), l2, limits, care, metrics);
        let answerer = answers::from(
            &settings.answers,
            Arc::new(cache.clone()),
            Some(Arc::new(encoder.clone())),
            hsc_answers::RankingParts::ALL,
            tls,
            metrics,
        )?;
        // The answerer reads manuals through the loader, so the loader gets it only now.
        let _ = prepares.set(Arc::downgrade(&answerer));
        Ok(Self { loader, encoder, cache, answerer })
    }
}

impl ArchiveComponents {
    fn new(
        settings: &Settings,
        tls: &OutboundTls,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let store = Arc::new(Store::new(&settings.archive)?);
        info!(archive:% = store.describe(); "conversations are archived");
        let handle = ArchiveHandle::new(ArchiveLimits::from(&settings.archive), metrics);
        let webhooks =
            Webhooks::new(&settings.webhooks, handle.clone(), store.clone(), tls, metrics)?;
        let deliveries = webhooks.clone();
        let handle = handle.observed_by(move |event| deliveries.deliver(event));
        let audited = handle.clone();
        let auditor: Auditor = Arc::new(move |audit| audited.record(Record::Audit(audit)));
        let spill = SpillFolder::new(&settings.archive);
        Ok(Self { store, spill, handle, webhooks, auditor })
    }

    fn team(&self, settings: &Settings, tls: &OutboundTls) -> Result<Arc<Team>, StartError> {
        let (store, auditor) = (self.store.clone(), Arc::clone(&self.auditor));
        Ok(Arc::new(Team::new(&settings.identity, &settings.admin, store, auditor, tls)?))
    }
}

/// The settings of manuals. Fetching and reading take a part of the time of a load, so at most its other half is
/// spent on the wait for scanned pages.
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

/// Forgets a manual and its answers when OCR has read pages that were missing when it was opened.
fn forget_what_scans_lacked(scans: &Loader, pod: &Arc<Pod>) {
    // Weak: the pod owns the loader.
    let pod = Arc::downgrade(pod);
    scans.when_more(move |documentation| {
        let Some(pod) = pod.upgrade() else { return };
        drop(tokio::spawn(async move {
            if let Err(error) = pod.invalidate(Invalidate::Manual(documentation.url)).await {
                warn!(error:%; "cannot forget a manual with newly recognized pages");
            }
        }));
    });
}
