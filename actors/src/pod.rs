//! A pod: all actors of one process, created from [`PodDependencies`], with the root of their tree.
//!
//! Opens a socket for each admitted visitor. It owns no conversation and no manual: those belong to the sessions and
//! to the manual cache.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hsc_catalogs::{Manual, Product, Snapshot, Suggestion};
use hsc_config::{CacheSettings, ConversationsSettings, Secret};
use log::warn;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::{AgentSocket, AgentSockets};
use crate::archiving::ArchiveHandle;
use crate::bridge::{
    Body, Bridge, Loopback, announcements, bridge_actor, channels, ownership_watcher,
};
use crate::cache::{Cache, CacheLimits, L2Cache};
use crate::cached_results::{Answers, Predictions, Remembering};
use crate::caches::{Caches, Invalidate, Invalidated};
use crate::desk::{HandoffLimits, HandoffService, Hours, desk_relay};
use crate::fault_injection::{FaultNotInjected, FaultTarget, in_a_session};
use crate::image_budget::ImageBudget;
use crate::manual_cache::ManualCache;
use crate::ports::{Answerer, HandoffDesk, Relay, SessionCheck};
use crate::presence::{PodRegistration, Pods, Presence};
use crate::sampling::{self, Charts, RecentSamples};
#[cfg(test)]
use crate::session::PodDeparted;
use crate::session::{AnswerQueue, Overload, PodServices, PodTakeover, Session, SessionContext};
use crate::session_registry::{AdmissionRefused, SessionRegistry};
use crate::socket::SocketRules;
#[cfg(test)]
use crate::supervision::Handle;
use crate::supervision::{
    AskError, ChildSpec, Exit, Fault, Root, SupervisionConfig, Threads, TreeReport,
};
use hsc_conversation::desk::OnBehalfOf;
use hsc_conversation::{
    ClientAddress, Conversation, PredictionCache, Tokens, TraceContext, VisitorTokenVerifier,
};

/// Sessions in the tree: as many as a person looks through. A pod may hold a hundred thousand.
const SESSIONS_SHOWN: usize = 50;

/// The dependencies of a pod.
pub struct PodDependencies {
    /// The name of this pod. No other pod and no other run of this one has it.
    pub name: Arc<str>,
    /// Carries messages to other pods; `None` for a pod without others.
    pub relay: Option<Arc<dyn Relay>>,
    /// How the pod appears in the directory of pods.
    pub registration: PodRegistration,
    /// The catalog in force.
    pub catalog: Arc<Snapshot>,
    /// The cache of read manuals.
    pub manuals: ManualCache,
    /// Answers questions: extractive or by a language model.
    pub answerer: Arc<dyn Answerer>,
    /// The queue of handoffs and the agents who take them.
    pub desk: Arc<dyn HandoffDesk>,
    /// The opening hours of the desk.
    pub hours: Hours,
    /// Handoffs per client.
    pub handoffs: HandoffLimits,
    /// Interval at which the desk gets the connected visitors and agents of this pod.
    pub desk_heartbeat: Duration,
    /// The services that sockets use as well.
    pub services: PodServices,
    /// Verifies the visitor tokens that an embedding site signs; `None` makes every visitor anonymous.
    pub visitor_tokens: Option<Arc<dyn VisitorTokenVerifier>>,
    /// Limits of the caches.
    pub cache: CacheSettings,
    /// The caches that pods share, behind those of this pod.
    pub l2: L2Caches,
    /// How actors are supervised.
    pub supervision: SupervisionConfig,
    /// Tasks of the server that are supervised too, e.g. the watcher of the catalog folder.
    pub workers: Vec<ChildSpec>,
}

/// The L2 caches beside that of the manuals; none for a pod without Redis.
#[derive(Clone, Default)]
pub struct L2Caches {
    /// Answers to keystrokes.
    pub predictions: Option<Arc<dyn L2Cache<Predictions>>>,
    /// Answers to questions.
    pub answers: Option<Arc<dyn L2Cache<Answers>>>,
}

/// All actors of one pod.
pub struct Pod {
    bridge: Bridge,
    is_single: bool,
    context: Arc<SessionContext>,
    sockets: SocketRules,
    #[cfg(test)]
    takeover: Handle<PodTakeover>,
    caches: Caches,
    presence: Arc<Presence>,
    recent: RecentSamples,
    root: Root,
}

/// Why a socket was not opened.
#[derive(Debug)]
pub enum SocketRefused {
    /// The pod admits no session now.
    Admission(AdmissionRefused),
    /// The request is not a WebSocket upgrade.
    NoUpgrade(actix_web::Error),
}

/// The result of an action on this pod, and whether it was announced to the other pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced<T> {
    /// The result on this pod.
    pub here: T,
    /// Whether the other pods were notified.
    pub other_pods: OtherPods,
}

/// Whether other pods were notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherPods {
    /// There are none: this pod runs alone.
    None,
    /// The reachable ones were notified.
    #[serde(rename = "told")]
    Notified,
    /// They are unreachable.
    #[serde(rename = "unreached")]
    Unreachable,
}

impl Pod {
    /// Creates the actors from their dependencies and starts them under one root.
    ///
    /// # Panics
    /// Outside an actix system.
    #[must_use]
    pub fn start(dependencies: PodDependencies) -> Self {
        let is_single = dependencies.relay.is_none();
        let relay = dependencies.relay.clone().unwrap_or_else(|| Arc::new(Loopback::new()));
        let metrics = Arc::clone(&dependencies.services.metrics);
        let care = dependencies.supervision.care;
        let name = Arc::clone(&dependencies.name);
        let (bridging, bridge) = bridge_actor(Arc::clone(&name), relay, care, &metrics);
        let (caches, answerer) = caches(&dependencies);
        let context = Arc::new(session_context(&dependencies, &caches, answerer, &bridge));
        let presence = Presence::new(name, dependencies.registration.clone(), Arc::clone(&context));
        let recent = RecentSamples::new();
        let sockets = SocketRules::new(&dependencies.services.server, Arc::clone(&metrics));
        let threads = Arc::new(Threads::start(dependencies.supervision.threads));
        let (completing, takeover) = PodTakeover::spec(&context, care, &metrics);
        let mut children = vec![completing];
        children.push(ownership_watcher(&bridge, &context.sessions, care, &metrics));
        children.extend(caches.children(&dependencies.supervision, &threads, &metrics));
        children.push(bridging);
        let (handoffs, heartbeat) = (&context.handoffs, context.desk_heartbeat);
        children.push(desk_relay(handoffs, &context.sessions, heartbeat, care, &metrics));
        let sessions = Arc::clone(&context.sessions);
        children.push(announcements(&bridge, sessions, caches.clone(), care, &metrics));
        children.extend(presence.worker(&takeover, care, &metrics));
        let open = Arc::clone(&context);
        children.push(sampling::worker(&recent, move || open.agents.count(), care, &metrics));
        children.extend(dependencies.workers);
        let root = Root::start(children, &dependencies.supervision, threads, &metrics);
        Self {
            bridge,
            is_single,
            context,
            sockets,
            #[cfg(test)]
            takeover,
            caches,
            presence,
            recent,
            root,
        }
    }

    /// The name of this pod. Unique over all pods and all runs.
    pub fn pod(&self) -> &Arc<str> {
        self.bridge.pod()
    }

    /// The actors of this pod, as a tree. It contains only the newest sessions; the registry's node has their number.
    pub fn tree(&self) -> TreeReport {
        let mut tree = self.root.tree();
        self.caches.describe(&mut tree);
        tree.children.insert(0, self.context.sessions.report(SESSIONS_SHOWN));
        tree
    }

    /// Why the pod should get no new visitors: an actor that exceeded its restart limit.
    pub fn unready_reason(&self) -> Option<String> {
        self.root.unready_reason()
    }

    /// Injects a fault into an actor of the tree, `session.<key>`, or all of them by `session`. Returns the number of
    /// actors that got it.
    ///
    /// # Errors
    /// Why no fault was injected.
    pub async fn inject_fault(&self, actor: &str, fault: Fault) -> Result<usize, FaultNotInjected> {
        let reached = match FaultTarget::by(actor) {
            FaultTarget::AllSessions => {
                let fault = in_a_session(fault)?;
                self.context.sessions.send_all(|| fault.clone()).await
            }
            FaultTarget::Session(key) => {
                usize::from(self.context.sessions.send(key, in_a_session(fault)?))
            }
            FaultTarget::Other(name) => usize::from(self.root.inject(name, fault)),
        };
        if reached == 0 { Err(FaultNotInjected::NoSuchActor) } else { Ok(reached) }
    }

    /// Sends a notice to every client of every pod.
    pub async fn broadcast(&self, message: String) -> Announced<usize> {
        let here = self.context.sessions.broadcast(message.clone()).await;
        self.announce(here, Body::Notice { message }).await
    }

    /// Invalidates caches of every pod.
    ///
    /// # Errors
    /// If a shard of this pod did not reply; the others have invalidated, and other pods are not notified.
    pub async fn invalidate(&self, what: Invalidate) -> Result<Announced<Invalidated>, AskError> {
        let here = self.caches.invalidate(what.clone(), true).await?;
        Ok(self.announce(here, Body::Forget { what, l2_is_done: true }).await)
    }

    /// Announces an action to the other pods.
    async fn announce<T>(&self, here: T, body: Body) -> Announced<T> {
        if self.is_single {
            return Announced { here, other_pods: OtherPods::None };
        }
        let published = self.bridge.publish(channels::PODS, body).outcome().await;
        if let Err(why) = published {
            warn!(why:%; "could not announce an action to the other pods");
        }
        let other_pods =
            if published.is_ok() { OtherPods::Notified } else { OtherPods::Unreachable };
        Announced { here, other_pods }
    }

    /// The bridge to the other pods.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Completes the answers that a vanished pod was making; called by the presence worker.
    #[cfg(test)]
    pub(crate) fn pod_vanished(&self, pod: &str) {
        assert!(
            self.takeover.post(PodDeparted(pod.into())).is_ok(),
            "the takeover actor is running"
        );
    }

    /// The caches of this pod.
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The suggestions that a manual answers; see [`Answerer::confirm`].
    pub async fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> Vec<bool> {
        self.context.answerer.confirm(product, manual, suggestions).await
    }

    /// Waits until the actors have ended for good: they were stopped, or one was given up and the settings end
    /// the pod then.
    pub async fn ended(&self) -> Exit {
        self.root.ended().await
    }

    /// All pods, as far as this one knows.
    pub fn pods(&self) -> Pods {
        self.presence.pods()
    }

    /// The metrics of the last minutes, for charts.
    pub fn charts(&self) -> Charts {
        self.recent.charts()
    }

    /// Stops the actors in order, and leaves the directory of pods. If this pod `leaves_work`, another one
    /// completes its answers.
    pub async fn stop(&self, leaves_work: bool) {
        self.root.stop().await;
        self.presence.leave(leaves_work).await;
    }

    /// Opens the socket of a visitor whose client has this address. `visitor_token` is the token of the embedding
    /// site, if there is one.
    ///
    /// # Errors
    /// If the pod admits no session now, or the request is not a WebSocket upgrade.
    pub fn connect(
        &self,
        request: &HttpRequest,
        payload: Payload,
        address: ClientAddress,
        visitor_token: Option<String>,
        trace: Option<TraceContext>,
    ) -> Result<HttpResponse, SocketRefused> {
        let admitted = match self.context.overload.is_busy() {
            true => Err(AdmissionRefused::Busy),
            false => self.context.sessions.admit(address),
        };
        let key = admitted.map_err(|refused| self.refused(refused))?;
        let mut place =
            SessionReservation { sessions: &self.context.sessions, key, address, taken: false };
        let conversation = (self.context.begin)(random_id().into(), String::new());
        let context = Arc::clone(&self.context);
        let opened = crate::socket::open(request, payload, &self.sockets, |outgoing| {
            place.taken = true;
            Session::new((key, address), conversation, context, outgoing, visitor_token)
                .traced_by(trace)
        });
        drop(place);
        opened.map_err(SocketRefused::NoUpgrade)
    }

    fn refused(&self, refused: AdmissionRefused) -> SocketRefused {
        self.context.services.metrics.sockets.refused(refused.into());
        SocketRefused::Admission(refused)
    }

    /// The desk of all pods.
    pub fn desk(&self) -> &HandoffService {
        &self.context.handoffs
    }

    /// Writes into the archive.
    pub fn archive(&self) -> &ArchiveHandle {
        &self.context.services.archive
    }

    /// Opens the socket of an authenticated agent, whose client has this address.
    ///
    /// # Errors
    /// If the pod drains, or the request is not a WebSocket upgrade.
    pub fn connect_agent(
        &self,
        request: &HttpRequest,
        payload: Payload,
        (me, from): (OnBehalfOf, &str),
        still_in: SessionCheck,
    ) -> Result<HttpResponse, SocketRefused> {
        if self.context.sessions.is_draining() {
            return Err(self.refused(AdmissionRefused::Draining));
        }
        let context = Arc::clone(&self.context);
        crate::socket::open(request, payload, &self.sockets, |outgoing| {
            AgentSocket::new((me, from.into()), still_in, context, outgoing)
        })
        .map_err(SocketRefused::NoUpgrade)
    }

    /// Sends `reconnect` to the agents; returns the number of receivers.
    pub fn drain_agents(&self) -> usize {
        self.context.agents.leave()
    }

    #[cfg(test)]
    pub(crate) fn tell_agents(&self, what: impl Fn() -> crate::agent::Deliver) -> usize {
        self.context.agents.send_all(what)
    }

    /// Number of agents' sockets.
    pub fn agents(&self) -> usize {
        self.context.agents.count()
    }

    /// The registry of sessions.
    pub fn sessions(&self) -> &Arc<SessionRegistry> {
        &self.context.sessions
    }
}

/// A slot of the registry, returned unless a session took it: a failed handshake must not leak one.
struct SessionReservation<'a> {
    sessions: &'a SessionRegistry,
    key: u64,
    address: ClientAddress,
    taken: bool,
}

impl Drop for SessionReservation<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.sessions.release(self.key, self.address);
        }
    }
}

/// 128 random bits, so that the id of a conversation cannot be guessed.
fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The caches of the pod, and the answerer that caches its answers.
fn caches(dependencies: &PodDependencies) -> (Caches, Remembering) {
    let PodDependencies { catalog, manuals, answerer, l2, cache, services, .. } = dependencies;
    let (care, metrics) = (dependencies.supervision.care, &services.metrics);
    let limits = CacheLimits::of(cache, &cache.predictions);
    let shared = l2.predictions.clone();
    let predictions = Cache::new("predictions", Predictions, shared, limits, care, metrics);
    let limits = CacheLimits::of(cache, &cache.answers);
    let answers = Cache::new("answers", Answers, l2.answers.clone(), limits, care, metrics);
    let answerer = Remembering::new(Arc::clone(answerer), answers.clone(), Arc::clone(catalog));
    let (manual_cache, catalog) = (manuals.clone(), Arc::clone(catalog));
    (Caches { manual_cache, predictions, answers, catalog }, answerer)
}

/// The context of every session of the pod.
fn session_context(
    dependencies: &PodDependencies,
    caches: &Caches,
    answerer: Remembering,
    bridge: &Bridge,
) -> SessionContext {
    let services = dependencies.services.clone();
    let PodServices { sessions, metrics, archive, .. } = &dependencies.services;
    let handoffs = HandoffService::new(
        Arc::clone(&dependencies.desk),
        bridge.clone(),
        dependencies.hours.clone(),
        archive.clone(),
        dependencies.handoffs,
    );
    SessionContext {
        begin: Box::new(conversations(dependencies, caches)),
        answer_queue: AnswerQueue::new(
            sessions.max_answers,
            sessions.max_waiting_answers,
            sessions.max_waiting_answers_per_address,
        ),
        overload: Overload::new(Duration::from_millis(sessions.overload_after_ms)),
        images: ImageBudget::new(
            sessions.max_image_bytes,
            sessions.max_image_bytes_per_address,
            Arc::clone(metrics),
        ),
        intensity: dependencies.supervision.care.intensity,
        answerer: Arc::new(answerer),
        manual_cache: Arc::new(dependencies.manuals.clone()),
        sessions: Arc::new(SessionRegistry::new(sessions)),
        meter: metrics.actors.meter("session"),
        services,
        handoffs,
        agents: AgentSockets::default(),
        desk_heartbeat: dependencies.desk_heartbeat,
        catalog: Arc::clone(&dependencies.catalog),
    }
}

/// Creates conversations with an id and a token.
fn conversations(
    dependencies: &PodDependencies,
    caches: &Caches,
) -> impl Fn(Arc<str>, String) -> Conversation + Send + Sync + use<> {
    let (catalog, rules) =
        (Arc::clone(&dependencies.catalog), Arc::new(dependencies.services.rules.clone()));
    let verifier = dependencies.visitor_tokens.clone();
    let tokens = Arc::clone(&dependencies.services.tokens);
    let predictions: Arc<dyn PredictionCache> = Arc::new(caches.predictions.clone());
    move |id, token| {
        Conversation::new(id, token, Arc::clone(&catalog), Arc::clone(&rules))
            .with_prediction_cache(Arc::clone(&predictions))
            .with_visitor_verifier(verifier.clone())
            .with_tokens(Arc::clone(&tokens))
    }
}

/// Tokens that are signed with the first key of the settings and verified with any of them.
pub fn tokens_of(settings: &ConversationsSettings) -> Tokens {
    let keys = settings.token_keys.iter().filter_map(Secret::reveal).map(str::as_bytes);
    Tokens::new(keys, Duration::from_millis(settings.token_ttl_ms))
}
