//! The house: everything alive in one pod, put together, with the root of its tree.
//!
//! Opens a socket for whoever is admitted. It owns no conversation and no manual: those belong to the
//! sessions and to the shelf it was given.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use hsc_catalogs::{Manual, Product, Snapshot, Suggestion};
use hsc_monitoring::Metrics;
use log::warn;
use serde::Serialize;

use crate::agent::{AgentContext, AgentSocket, AgentSockets};
use crate::archiving::ArchiveHandle;
use crate::bridge::{Body, Bridge, Loopback, announcements, channels};
use crate::cache::{Cache, CacheLimits, L2Cache};
use crate::cached_results::{Answers, Predictions, Remembering};
use crate::caches::{Caches, Invalidate, Invalidated};
use crate::desk::{HandoffLimits, HandoffService, Hours, LocalDeskConversations, clerk};
use crate::fault_injection::{FaultNotInjected, FaultTarget, in_a_session};
use crate::image_budget::{ImageBudget, ImageLimits};
use crate::manual_cache::ManualCache;
#[cfg(test)]
use crate::pod_takeover::PodDeparted;
use crate::pod_takeover::PodTakeover;
use crate::ports::archive::Notes;
use crate::ports::{Answerer, ConversationLog, HandoffDesk, ManualLoader, Relay, SessionCheck};
use crate::presence::{PodRegistration, Pods, Presence};
use crate::sampling::{self, Charts, RecentSamples};
use crate::session::{AnswerQueue, Overload, Session, SessionContext};
use crate::session_registry::{AdmissionRefused, SessionRegistry};
use crate::socket::SocketRules;
use crate::socket::frames::FrameLimits;
use crate::supervision::{AskError, ChildSpec, Exit, Fault, Root, RootSpec, Threads, TreeReport};
use crate::supervision_config::SupervisionConfig;
use crate::takeovers::takeovers;
use hsc_conversation::PredictionCache;
use hsc_conversation::Tokens;
use hsc_conversation::desk::OnBehalfOf;
use hsc_conversation::{ClientAddress, VisitorTokenVerifier};
use hsc_conversation::{Conversation, Rules};

/// When somebody who is refused should come again: long enough that a crowd thins, short enough that a
/// person still waits.
const RETRY_AFTER_SECONDS: &str = "5";

/// Sessions that the tree names: what a person looks through. A pod may hold a hundred thousand.
const SESSIONS_SHOWN: usize = 50;

/// Everything alive in one pod.
pub struct Pod {
    bridge: Bridge,
    is_alone: bool,
    wiring: Arc<SessionContext>,
    sockets: SocketRules,
    #[cfg(test)]
    orphans: crate::supervision::Handle<PodTakeover>,
    caches: Caches,
    presence: Arc<Presence>,
    agents: Arc<AgentContext>,
    recent: RecentSamples,
    root: Root,
}

/// What a house is put together from.
pub struct PodDependencies {
    /// The name of this pod among the others.
    pub pod: Arc<str>,
    /// What carries messages to other pods; none for a pod on its own.
    pub relay: Option<Arc<dyn Relay>>,
    /// How it appears among them.
    pub attendance: PodRegistration,
    /// The catalog in force.
    pub catalog: Arc<Snapshot>,
    /// The read manuals.
    pub shelf: ManualCache,
    /// Answers questions: extractive or by a language model.
    pub answerer: Arc<dyn Answerer>,
    /// The table of who is connected.
    pub sessions: Arc<SessionRegistry>,
    /// Who waits for a person, and who has one.
    pub desk: Arc<dyn HandoffDesk>,
    /// When persons are there.
    pub hours: Hours,
    /// How often the desk is told which visitors and agents are here.
    pub desk_heartbeat: Duration,
    /// What keeps conversations.
    pub log: Arc<dyn ConversationLog>,
    /// What proves that a client may go on with one.
    pub tokens: Arc<Tokens>,
    /// Who knows visitors by what the embedding site has signed; with none all are anonymous.
    pub vouch: Option<Arc<dyn VisitorTokenVerifier>>,
    /// Writes conversations down behind them.
    pub archive: ArchiveHandle,
    /// What agents tell each other about a conversation.
    pub notes: Arc<dyn Notes>,
    /// The rules of a conversation.
    pub rules: Rules,
    /// The times and budgets of a socket.
    pub limits: SocketLimits,
    /// How much is remembered.
    pub budgets: CacheBudgets,
    /// What is remembered together with other pods.
    pub seconds: L2Caches,
    /// How actors are kept alive.
    pub upkeep: SupervisionConfig,
    /// Tasks of the server that are to be kept alive too, e.g. the watcher of the catalog folder.
    pub workers: Vec<ChildSpec>,
    /// Everything that is counted.
    pub metrics: Arc<Metrics>,
}

/// How much is remembered beside the manuals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheBudgets {
    /// Answers to keystrokes.
    pub predictions: CacheLimits,
    /// Answers to questions.
    pub answers: CacheLimits,
}

/// What was done on this pod, and whether the others were told to do it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced<T> {
    /// What was done on this pod.
    pub here: T,
    /// Whether the others know.
    pub other_pods: OtherPods,
}

/// Whether other pods were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherPods {
    /// There are none: this pod stands on its own.
    None,
    /// Those that can be reached were.
    Told,
    /// They cannot be reached just now.
    Unreached,
}

/// The second layers of the caches beside the manuals; none where a pod stands on its own.
#[derive(Clone, Default)]
pub struct L2Caches {
    /// Answers to keystrokes.
    pub predictions: Option<Arc<dyn L2Cache<Predictions>>>,
    /// Answers to questions.
    pub answers: Option<Arc<dyn L2Cache<Answers>>>,
}

/// The times and budgets of a socket, out of the settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketLimits {
    /// How often the server pings.
    pub ping_interval: Duration,
    /// Silence after which a client is gone.
    pub idle_timeout: Duration,
    /// How long typing must rest on a product before its manual is opened ahead.
    pub prefetch_after: Duration,
    /// Bytes that may be queued for a client that does not read.
    pub outgoing_bytes: usize,
    /// Bytes that may be queued for all clients together.
    pub queued_bytes: usize,
    /// Messages a client may send at once.
    pub burst: u32,
    /// Small frames (ping, pong, empty) a client may send in a second.
    pub small_frames_per_second: u32,
    /// Longest time from the first byte of a message to its last.
    pub message_deadline: Duration,
    /// Bytes of all messages that are not finished.
    pub unfinished_bytes: usize,
    /// Longest time for a client to take what was sent before a close.
    pub close_timeout: Duration,
    /// Answers made at once.
    pub max_answers: usize,
    /// Questions that may wait for one.
    pub max_waiting_answers: usize,
    /// The same of one client; 0 is any number.
    pub max_waiting_answers_per_address: usize,
    /// Bytes of pictures that are held for answers.
    pub images: ImageLimits,
    /// Handoffs that one client may ask for.
    pub handoffs: HandoffLimits,
    /// Delay of the event loop from which the pod is too busy; zero is never.
    pub busy_after: Duration,
}

impl Pod {
    /// Puts the parts together and starts what is alive.
    ///
    /// # Panics
    /// Outside an actix system.
    #[must_use]
    pub fn start(parts: PodDependencies) -> Self {
        let PodDependencies { catalog, shelf, answerer, sessions, rules, limits, .. } = parts;
        let (upkeep, metrics) = (parts.upkeep, parts.metrics);
        let (care, budgets, seconds) = (upkeep.care, parts.budgets, parts.seconds);
        let predicted = Cache::new(
            "predictions",
            Predictions,
            seconds.predictions,
            budgets.predictions,
            care,
            &metrics,
        );
        let answers =
            Cache::new("answers", Answers, seconds.answers, budgets.answers, care, &metrics);
        let answerer = Remembering::new(answerer, answers.clone(), Arc::clone(&catalog));
        let caches = Caches::new(shelf.clone(), predicted.clone(), answers, Arc::clone(&catalog));
        let is_alone = parts.relay.is_none();
        let relay = parts.relay.unwrap_or_else(|| Arc::new(Loopback::new()));
        let pod = Arc::clone(&parts.pod);
        let (bridging, bridge) = Bridge::new(parts.pod, relay, care, &metrics);
        let front = HandoffService::new(
            parts.desk,
            bridge.clone(),
            Arc::new(parts.hours),
            parts.archive.clone(),
        )
        .limited(limits.handoffs);
        let at_desk = LocalDeskConversations::default();
        let shelf: Arc<dyn ManualLoader> = Arc::new(shelf);
        let sockets = SocketRules::new(
            FrameLimits {
                message_bytes: rules.limits.message_bytes,
                small_frames_per_second: limits.small_frames_per_second,
            },
            (limits.message_deadline, limits.unfinished_bytes),
            (limits.outgoing_bytes, limits.queued_bytes, limits.close_timeout),
            Arc::clone(&metrics),
        );
        let messages_per_second = rules.limits.messages_per_second;
        let rules = Arc::new(rules);
        let vouch = parts.vouch;
        let for_agents = Arc::clone(&catalog);
        let sealing = Arc::clone(&parts.tokens);
        let predictions: Arc<dyn PredictionCache> = Arc::new(predicted.clone());
        let begin = move |id, token| {
            Conversation::new(id, token, Arc::clone(&catalog), Arc::clone(&rules))
                .remembering(Arc::clone(&predictions))
                .vouched_by(vouch.clone())
                .sealed_by(Arc::clone(&sealing))
        };
        let wiring = Arc::new(SessionContext {
            begin: Box::new(begin),
            line: AnswerQueue::new(
                limits.max_answers,
                limits.max_waiting_answers,
                limits.max_waiting_answers_per_address,
            ),
            strain: Overload::new(limits.busy_after),
            images: ImageBudget::new(limits.images, Arc::clone(&metrics)),
            intensity: care.intensity,
            answerer: Arc::new(answerer),
            shelf,
            sessions: Arc::clone(&sessions),
            meter: metrics.actors.meter("session"),
            bridge: bridge.clone(),
            log: parts.log,
            archive: parts.archive,
            notes: parts.notes,
            tokens: parts.tokens,
            front: front.clone(),
            at_desk: at_desk.clone(),
            metrics: Arc::clone(&metrics),
            ping_interval: limits.ping_interval,
            idle_timeout: limits.idle_timeout,
            prefetch_after: limits.prefetch_after,
            messages_per_second,
            message_burst: limits.burst,
        });
        let agents = Arc::new(AgentContext {
            shared: Arc::clone(&wiring),
            sockets: AgentSockets::default(),
            catalog: for_agents,
            heartbeat: parts.desk_heartbeat,
        });
        let threads = Arc::new(Threads::start(upkeep.threads));
        let for_them = Arc::clone(&wiring);
        let (completing, orphans) =
            ChildSpec::actor("conversations.orphans", "orphans", care, &metrics, move |_| {
                Ok(PodTakeover::new(Arc::clone(&for_them)))
            });
        let mut children = vec![completing];
        children.push(takeovers(&bridge, &wiring.sessions, care, &metrics));
        children.extend(caches.children(&upkeep, &threads, &metrics));
        children.push(bridging);
        let for_clerk = Arc::clone(&wiring.sessions);
        children.push(clerk(&front, at_desk, for_clerk, parts.desk_heartbeat, care, &metrics));
        let for_notices = Arc::clone(&wiring.sessions);
        children.push(announcements(&bridge, for_notices, caches.clone(), care, &metrics));
        let presence = Presence::new(pod, parts.attendance, Arc::clone(&wiring));
        children.extend(presence.worker(&orphans, care, &metrics));
        let recent = RecentSamples::new();
        let connected = Arc::clone(&agents);
        let agents_now = move || connected.sockets.count();
        children.push(sampling::worker(&recent, agents_now, care, &metrics));
        children.extend(parts.workers);
        let root = Root::start(
            "root",
            RootSpec { children, on_give_up: upkeep.on_give_up, care, threads, metrics },
        );
        Self {
            bridge,
            is_alone,
            wiring,
            sockets,
            #[cfg(test)]
            orphans,
            caches,
            presence,
            agents,
            recent,
            root,
        }
    }

    /// The name of this pod among the others. No two pods, and no two runs of one, share it.
    #[must_use]
    pub fn pod(&self) -> &Arc<str> {
        self.bridge.pod()
    }

    /// The actors of this pod, as a tree. Of the sessions it names the newest; their registry says how
    /// many there are.
    #[must_use]
    pub fn tree(&self) -> TreeReport {
        let mut tree = self.root.tree();
        self.caches.describe(&mut tree);
        tree.children.insert(0, self.wiring.sessions.report(SESSIONS_SHOWN));
        tree
    }

    /// Why the pod should not get new visitors: an actor that fails more often than is borne.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.root.trouble()
    }

    /// Makes the actor of this name fail, to rehearse it: an actor of the tree, `session.<key>`, or
    /// `session` for all of them. Says how many were told.
    ///
    /// # Errors
    /// Why nobody was made to fail.
    pub async fn rehearse(&self, actor: &str, fault: Fault) -> Result<usize, FaultNotInjected> {
        let told = match FaultTarget::by(actor) {
            FaultTarget::AllSessions => {
                let fault = in_a_session(fault)?;
                self.wiring.sessions.tell_all(|| fault.clone()).await
            }
            FaultTarget::Session(key) => {
                usize::from(self.wiring.sessions.tell(key, in_a_session(fault)?))
            }
            FaultTarget::Other(name) => usize::from(self.root.inject(name, fault)),
        };
        if told == 0 { Err(FaultNotInjected::NoSuchActor) } else { Ok(told) }
    }

    /// Sends a notice to every client of every pod.
    pub async fn broadcast(&self, message: String) -> Announced<usize> {
        let here = self.wiring.sessions.broadcast(message.clone()).await;
        self.announce(here, Body::Notice { message }).await
    }

    /// Has the caches of every pod forget something.
    ///
    /// # Errors
    /// When a shard of this pod did not answer; the others have forgotten, other pods are not told.
    pub async fn invalidate(&self, what: Invalidate) -> Result<Announced<Invalidated>, AskError> {
        let here = self.caches.invalidate(what.clone()).await?;
        Ok(self.announce(here, Body::Forget { what }).await)
    }

    /// Tells the other pods what was done here.
    async fn announce<T>(&self, here: T, body: Body) -> Announced<T> {
        if self.is_alone {
            return Announced { here, other_pods: OtherPods::None };
        }
        let told = self.bridge.publish(channels::PODS, body).outcome().await;
        if let Err(why) = told {
            warn!(why:%; "other pods were not told what was done here");
        }
        let other_pods = if told.is_ok() { OtherPods::Told } else { OtherPods::Unreached };
        Announced { here, other_pods }
    }

    /// The way to the other pods.
    #[must_use]
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// Completes the answers that this pod was making, as the presence worker asks for it when a pod is not
    /// heard of any more.
    #[cfg(test)]
    pub(crate) fn pod_vanished(&self, pod: &str) {
        assert!(self.orphans.post(PodDeparted(pod.into())).is_ok(), "the orphans' actor lives");
    }

    /// The caches of this pod.
    #[must_use]
    pub fn caches(&self) -> &Caches {
        &self.caches
    }

    /// Which of `suggestions` a manual answers; see [`Answerer::confirm`].
    pub async fn confirm(
        &self,
        product: Arc<Product>,
        manual: Arc<Manual>,
        suggestions: Vec<Suggestion>,
    ) -> Vec<bool> {
        self.wiring.answerer.confirm(product, manual, suggestions).await
    }

    /// Waits until the actors have ended for good: they were stopped, or one was given up and the
    /// settings say that the pod ends then.
    pub async fn ended(&self) -> Exit {
        self.root.ended().await
    }

    /// All pods, as far as this one knows.
    #[must_use]
    pub fn pods(&self) -> Pods {
        self.presence.pods()
    }

    /// The last minutes of this pod, for charts.
    #[must_use]
    pub fn charts(&self) -> Charts {
        self.recent.charts()
    }

    /// Stops the actors in order, and says good-bye to the other pods. One of them completes what this
    /// one leaves undone, where it `leaves_work`.
    pub async fn stop(&self, leaves_work: bool) {
        self.root.stop().await;
        self.presence.leave(leaves_work).await;
    }

    /// Opens the socket of a visitor whose client has this address.
    ///
    /// # Errors
    /// When the request is no WebSocket upgrade.
    pub fn connect(
        &self,
        request: &HttpRequest,
        payload: Payload,
        address: ClientAddress,
    ) -> Result<HttpResponse, actix_web::Error> {
        let admitted = match self.wiring.strain.is_busy() {
            true => Err(AdmissionRefused::Busy),
            false => self.wiring.sessions.admit(address),
        };
        let key = match admitted {
            Ok(key) => key,
            Err(refused) => return self.refuse(refused, request),
        };
        let mut place =
            SessionReservation { sessions: &self.wiring.sessions, key, address, kept: false };
        let conversation = (self.wiring.begin)(random_id().into(), String::new());
        let wiring = Arc::clone(&self.wiring);
        let response = crate::socket::open(request, payload, &self.sockets, |outgoing| {
            place.kept = true;
            Session::new((key, address), conversation, wiring, outgoing)
                .introduced_by(introduction(request))
        });
        drop(place);
        response
    }

    /// A page in a browser cannot read a refused handshake, so it is let in to be told (1013 or 1012);
    /// everybody else gets 503 and when to come again.
    fn refuse(
        &self,
        refused: AdmissionRefused,
        request: &HttpRequest,
    ) -> Result<HttpResponse, actix_web::Error> {
        self.wiring.metrics.sockets.refused(refused.as_str());
        if request.headers().contains_key("origin") {
            return crate::socket::turn_away(request, refused.into());
        }
        Ok(HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", RETRY_AFTER_SECONDS))
            .json(serde_json::json!({ "code": "full", "message": refused.to_string() })))
    }

    /// The desk of all pods.
    #[must_use]
    pub fn desk(&self) -> &HandoffService {
        &self.wiring.front
    }

    /// Writes into the archive.
    #[must_use]
    pub fn archive(&self) -> &ArchiveHandle {
        &self.wiring.archive
    }

    /// Opens the socket of an agent, whom the caller has made sure of, and who comes from this address.
    ///
    /// # Errors
    /// When the request is no WebSocket upgrade.
    pub fn connect_agent(
        &self,
        request: &HttpRequest,
        payload: Payload,
        (me, from): (OnBehalfOf, &str),
        still_in: SessionCheck,
    ) -> Result<HttpResponse, actix_web::Error> {
        if self.wiring.sessions.is_draining() {
            return self.refuse(AdmissionRefused::Draining, request);
        }
        let wired = Arc::clone(&self.agents);
        crate::socket::open(request, payload, &self.sockets, |outgoing| {
            AgentSocket::new((me, from.into()), still_in, wired, outgoing)
        })
    }

    /// Tells the agents to come again elsewhere; says how many heard.
    pub fn send_agents_away(&self) -> usize {
        self.agents.sockets.leave()
    }

    #[cfg(test)]
    pub(crate) fn tell_agents(&self, what: impl Fn() -> crate::agent::Deliver) -> usize {
        self.agents.sockets.tell_all(what)
    }

    /// Sockets of agents.
    #[must_use]
    pub fn agents(&self) -> usize {
        self.agents.sockets.count()
    }

    /// The table of sessions.
    #[must_use]
    pub fn sessions(&self) -> &Arc<SessionRegistry> {
        &self.wiring.sessions
    }
}

/// A place in the table that is given back unless a session took it: a bad handshake must not leak one.
struct SessionReservation<'a> {
    sessions: &'a SessionRegistry,
    key: u64,
    address: ClientAddress,
    kept: bool,
}

impl Drop for SessionReservation<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.sessions.left(self.key, self.address);
        }
    }
}

/// 128 random bits: nobody guesses a conversation.
fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The embedding site's word for who the visitor is, where the address of the socket brings it.
fn introduction(request: &HttpRequest) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Asked {
        visitor: Option<String>,
    }
    let asked = actix_web::web::Query::<Asked>::from_query(request.query_string());
    asked.ok()?.into_inner().visitor.filter(|token| !token.is_empty())
}
