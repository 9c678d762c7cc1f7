//! The registry of sessions: a table in plain memory, not an actor.
//!
//! Owns      the sessions of this pod by key, conversation and client, and what each one tells of itself; the
//!           admission limits.
//! Receives  method calls from any thread; each locks at most one shard of a table.
//! Calls     `try_send` of a session, which never waits: a session that hangs is counted and skipped.
//! Never     opens a session, reads the messages of one.
//! On crash  it outlives every actor, so no restart loses a session.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Message, Recipient};
use dashmap::DashMap;
use hsc_config::SessionsSettings;
use log::warn;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::mutex::Mutex;
use crate::rate_limit::{Gcra, Quota, RateLimiter};
use crate::supervision::{Exit, State, TreeReport};
use hsc_conversation::desk::DeskUpdate;
use hsc_conversation::protocol::{CloseReason, ServerMessage};
use hsc_conversation::{ClientAddress, ClientKey, Conversation};

/// Addresses with a remembered rate. Evicting one takes as many others.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(50_000).expect("not zero");

/// Reconnects after a handover of answers are spread over this time. They are few, and wait for the rest.
const HAND_OVER_SPREAD_MS: u64 = 500;
/// Longest time that a client of a draining pod waits before it reconnects. It is away for that long, so the pod spreads
/// the reconnects itself: each client stays connected until its turn.
const RECONNECT_SPREAD_MS: u64 = 200;
/// Interval at which a draining pod sends clients away.
const DRAIN_STEP: Duration = Duration::from_millis(20);
/// Clients that a draining pod sends away per second, if the time suffices. Another pod resumes several times as many.
const DRAINED_PER_SECOND: f64 = 200.0;
/// Sessions that get a broadcast before other tasks of the thread run: a slice takes less than a millisecond, and a
/// hundred thousand sessions in one go would block the thread for a tenth of a second.
const SLICE: usize = 512;

/// The sessions of this pod.
pub struct SessionRegistry {
    started_at: Instant,
    table: DashMap<u64, SessionEntry>,
    conversations: DashMap<Arc<str>, u64>,
    addresses: DashMap<ClientKey, u32>,
    count: AtomicUsize,
    next_key: AtomicU64,
    /// Most sessions in total.
    max: usize,
    /// Most sessions of one address; 0 is unlimited.
    max_per_address: u32,
    opens: Option<Mutex<Gcra>>,
    opens_of_address: Option<Mutex<RateLimiter<ClientKey>>>,
    draining: AtomicBool,
}

struct SessionEntry {
    conversation: Arc<str>,
    address: ClientAddress,
    product: Option<Arc<str>>,
    opened_at: Instant,
    session: Recipient<Deliver>,
    status: Arc<SessionStatus>,
}

/// A message to a session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// Finish the running answer, send `reconnect`, close with 1012.
    Reconnect { after_ms: u64 },
    /// The drain time is over: leave the running answer to another pod, send `reconnect`, close with 1012.
    HandOver { after_ms: u64 },
    /// Close the socket.
    Close(CloseReason),
    /// Close, if a later epoch than this session's owns the conversation.
    TakenOver { epoch: u64 },
    /// Send this message.
    Send(Arc<ServerMessage>),
    /// A report of the desk about the conversation.
    Desk(Box<DeskUpdate>),
    /// Panic, as an injected fault.
    Panic,
    /// Stop without a message, as an injected fault.
    Stop,
}

/// The status of a session, read without a message to the session. Written by the session only, except the count of
/// messages to it. Contains no customer text.
#[derive(Debug, Default)]
pub(crate) struct SessionStatus {
    answering: AtomicBool,
    offset: AtomicU64,
    /// The name of the agent who has the conversation.
    agent: Mutex<Option<Arc<str>>>,
    crashes: AtomicU64,
    last: Mutex<Option<Exit>>,
    /// Bytes queued for its client; counted by the socket.
    queue_bytes: Arc<AtomicUsize>,
    /// Messages to it that it has not handled yet.
    pending_messages: AtomicUsize,
}

/// A session, for an operator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionInfo {
    /// Its key in the registry; later sessions have greater ones.
    pub key: u64,
    /// Id of the conversation that it has now.
    pub conversation: Arc<str>,
    /// Address of the client.
    pub address: ClientAddress,
    /// The product of its last question.
    pub product: Option<Arc<str>>,
    /// The agent who has the conversation.
    pub agent: Option<Arc<str>>,
    /// True while an answer is being made.
    pub answering: bool,
    /// Bytes queued for its client.
    pub queue_bytes: usize,
    /// Age of the session, in milliseconds.
    pub open_ms: u64,
}

/// Why a socket is refused before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum AdmissionRefused {
    /// The pod has its maximum of sessions.
    #[error("the server is full; try again in a few seconds")]
    Full,
    /// The pod is about to stop.
    #[error("the server is about to restart; try again in a few seconds")]
    Draining,
    /// The address has its maximum of sessions.
    #[error("there are too many connections from this address; close one first")]
    Address,
    /// Sessions are opened too fast on this pod.
    #[error("too many connections are being opened; try again in a few seconds")]
    Rate,
    /// The address opens sessions too fast.
    #[error("this address opens too many connections; try again in a few seconds")]
    AddressRate,
    /// The pod is overloaded.
    #[error("the server is too busy; try again in a few seconds")]
    Busy,
}

impl SessionRegistry {
    /// An empty registry with these limits.
    pub fn new(settings: &SessionsSettings) -> Self {
        let quota = |rate: u32| (rate > 0).then(|| Quota::per_second(rate, rate));
        let opens = quota(settings.opens_per_second);
        let opens_of_address = quota(settings.opens_per_second_per_address);
        Self {
            started_at: Instant::now(),
            table: DashMap::new(),
            conversations: DashMap::new(),
            addresses: DashMap::new(),
            count: AtomicUsize::new(0),
            next_key: AtomicU64::new(1),
            max: settings.max,
            max_per_address: settings.max_per_address,
            opens: opens.map(|quota| Mutex::new(Gcra::new(quota, Instant::now()))),
            opens_of_address: opens_of_address
                .map(|quota| Mutex::new(RateLimiter::new(quota, ADDRESSES))),
            draining: AtomicBool::new(false),
        }
    }

    /// Number of sessions.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Number of their conversations.
    pub fn conversations(&self) -> usize {
        self.conversations.len()
    }

    /// True once no new session is admitted.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Reserves a key, counted at once so that concurrent opens cannot exceed the limit. The caller returns
    /// it with [`SessionRegistry::release`].
    pub(crate) fn admit(&self, address: ClientAddress) -> Result<u64, AdmissionRefused> {
        if self.is_draining() {
            return Err(AdmissionRefused::Draining);
        }
        // The limit of one address is checked first: its refusals use up nothing of the others.
        if !self.admits_open(address.key()) {
            return Err(AdmissionRefused::AddressRate);
        }
        if let Some(opens) = &self.opens
            && opens.lock().take(Instant::now()).is_err()
        {
            return Err(AdmissionRefused::Rate);
        }
        if !self.count_address(address) {
            return Err(AdmissionRefused::Address);
        }
        let free = |count: usize| (count < self.max).then_some(count + 1);
        let counted = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free);
        if counted.is_err() {
            self.forget_address(address);
            return Err(AdmissionRefused::Full);
        }
        Ok(self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts an open of this client; false when its rate is exceeded.
    fn admits_open(&self, client: ClientKey) -> bool {
        let Some(opens) = &self.opens_of_address else { return true };
        opens.lock().take(client, 1, Instant::now()).is_ok()
    }

    pub(crate) fn entered(
        &self,
        key: u64,
        conversation: Arc<str>,
        address: ClientAddress,
        session: Recipient<Deliver>,
        status: Arc<SessionStatus>,
    ) {
        self.conversations.insert(Arc::clone(&conversation), key);
        let opened_at = Instant::now();
        let entry =
            SessionEntry { conversation, address, product: None, opened_at, session, status };
        self.table.insert(key, entry);
    }

    /// The session continues as another conversation. An earlier session of that conversation is closed.
    pub(crate) fn renamed(&self, key: u64, conversation: &Arc<str>) {
        let Some(mut entry) = self.table.get_mut(&key) else { return };
        let before = std::mem::replace(&mut entry.conversation, Arc::clone(conversation));
        drop(entry);
        self.conversations.remove_if(&before, |_, holder| *holder == key);
        let older = self.conversations.insert(Arc::clone(conversation), key);
        if let Some(older) = older.filter(|older| *older != key) {
            self.send(older, Deliver::Close(CloseReason::TakenOver));
        }
    }

    /// Returns a key; true when a session had it.
    pub(crate) fn release(&self, key: u64, address: ClientAddress) -> bool {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.forget_address(address);
        let Some((_, entry)) = self.table.remove(&key) else { return false };
        self.conversations.remove_if(&entry.conversation, |_, holder| *holder == key);
        true
    }

    /// Stores the product of a session's last question.
    pub(crate) fn set_product(&self, key: u64, product: &Arc<str>) {
        if let Some(mut entry) = self.table.get_mut(&key) {
            entry.product = Some(Arc::clone(product));
        }
    }

    /// The session of this conversation.
    pub fn of_conversation(&self, conversation: &str) -> Option<SessionInfo> {
        let key = *self.conversations.get(conversation)?;
        self.table.get(&key).map(|entry| entry.info(key))
    }

    /// The newest sessions that match, newest first, at most `most`; with a key only those opened before it. A
    /// session may end before the result is read.
    pub fn page(
        &self,
        before: Option<u64>,
        limit: usize,
        rule: impl Fn(&SessionInfo) -> bool,
    ) -> Vec<SessionInfo> {
        let keys = self.table.iter().map(|entry| *entry.key());
        let mut keys: Vec<u64> = keys.filter(|key| before.is_none_or(|it| *key < it)).collect();
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        let info = |key| self.table.get(&key).map(|entry| entry.info(key));
        keys.into_iter().filter_map(info).filter(|info| rule(info)).take(limit).collect()
    }

    /// The registry as a node of the tree of actors, with at most `limit` of the newest sessions below it.
    pub(crate) fn report(&self, limit: usize) -> TreeReport {
        TreeReport {
            name: "sessions".to_owned(),
            kind: "session_registry",
            state: State::Up,
            restarts: 0,
            last_reason: None,
            mailbox_depth: 0,
            uptime_ms: Some(millis(self.started_at)),
            observed: json!({ "sessions": self.count(), "draining": self.is_draining() }),
            children: self.newest(limit),
        }
    }

    /// The newest sessions as nodes of the tree, newest first, at most `limit`. A pod may hold a hundred thousand:
    /// only their keys are scanned.
    fn newest(&self, limit: usize) -> Vec<TreeReport> {
        let mut keys: Vec<u64> = self.table.iter().map(|entry| *entry.key()).collect();
        if keys.len() > limit && limit > 0 {
            keys.select_nth_unstable_by_key(limit - 1, |key| std::cmp::Reverse(*key));
        }
        keys.truncate(limit);
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        keys.into_iter().filter_map(|key| Some(self.table.get(&key)?.report(key))).collect()
    }

    /// Closes this session for an admin; false if it does not exist.
    pub fn dismiss(&self, key: u64) -> bool {
        self.send(key, Deliver::Close(CloseReason::Dismissed))
    }

    /// Closes the session of this conversation when a later epoch owns it; false if there is none.
    pub(crate) fn taken_over(&self, conversation: &str, epoch: u64) -> bool {
        self.of_conversation(conversation)
            .is_some_and(|info| self.send(info.key, Deliver::TakenOver { epoch }))
    }

    /// Sends a notice to every client; returns how many sessions took it.
    pub async fn broadcast(&self, message: String) -> usize {
        let notice = Arc::new(ServerMessage::Notice { message });
        self.send_all(|| Deliver::Send(Arc::clone(&notice))).await
    }

    /// Stops the admission of sessions; false when it was stopped already.
    pub fn stop_admission(&self) -> bool {
        !self.draining.swap(true, Ordering::Relaxed)
    }

    /// Stops the admission and sends `reconnect` to the sessions one after the other, within `most`, so that they do
    /// not all reach the next pod at once. Until its turn a session goes on as before.
    pub async fn drain(&self, most: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        let keys = self.keys();
        let mut step = tokio::time::interval(DRAIN_STEP);
        for slice in keys.chunks(sessions_per_step(keys.len(), most)) {
            // No deadline: the steps fit into `most`.
            step.tick().await;
            for key in slice {
                let after_ms = rand::random_range(0..RECONNECT_SPREAD_MS);
                self.send(*key, Deliver::Reconnect { after_ms });
            }
        }
    }

    /// The drain time is over: sessions with a running answer leave it to another pod.
    pub async fn hand_over(&self) {
        let after_ms = || rand::random_range(0..HAND_OVER_SPREAD_MS);
        self.send_all(|| Deliver::HandOver { after_ms: after_ms() }).await;
    }

    /// Sends a message to one session; false when it was not accepted.
    pub(crate) fn send(&self, key: u64, what: Deliver) -> bool {
        // Copied first: a session that ends inside `try_send` would wait for the guard.
        let found = |entry: &SessionEntry| (entry.session.clone(), Arc::clone(&entry.status));
        let Some((session, status)) = self.table.get(&key).map(|entry| found(&entry)) else {
            return false;
        };
        status.pending_messages.fetch_add(1, Ordering::Relaxed);
        let sent = session.try_send(what).is_ok();
        if !sent {
            status.message_handled();
            warn!(session = key; "session did not accept a message");
        }
        sent
    }

    /// Sends a message to every session, oldest first; returns how many took it. Waits for none of them, and lets
    /// other tasks of the thread run after each [`SLICE`].
    pub(crate) async fn send_all(&self, what: impl Fn() -> Deliver) -> usize {
        let mut sent = 0;
        for slice in self.keys().chunks(SLICE) {
            sent += slice.iter().filter(|key| self.send(**key, what())).count();
            tokio::task::yield_now().await;
        }
        sent
    }

    /// The key of every session, oldest first.
    fn keys(&self) -> Vec<u64> {
        let mut keys: Vec<u64> = self.table.iter().map(|entry| *entry.key()).collect();
        keys.sort_unstable();
        keys
    }

    fn count_address(&self, address: ClientAddress) -> bool {
        let limit @ 1.. = self.max_per_address else { return true };
        let mut count = self.addresses.entry(address.key()).or_insert(0);
        let admitted = *count < limit;
        *count += u32::from(admitted);
        admitted
    }

    fn forget_address(&self, address: ClientAddress) {
        let key = address.key();
        if let Some(mut count) = self.addresses.get_mut(&key) {
            *count = count.saturating_sub(1);
        }
        self.addresses.remove_if(&key, |_, count| *count == 0);
    }
}

impl SessionStatus {
    pub(crate) fn new(queue_bytes: Arc<AtomicUsize>) -> Self {
        Self { queue_bytes, ..Self::default() }
    }

    /// Copies the state of its conversation.
    pub(crate) fn update(&self, conversation: &Conversation) {
        self.answering.store(conversation.is_answering(), Ordering::Relaxed);
        self.offset.store(conversation.offset(), Ordering::Relaxed);
        let mut known = self.agent.lock();
        if known.as_deref() != conversation.agent() {
            *known = conversation.agent().map(Arc::from);
        }
    }

    /// Counts a crash of its rules.
    pub(crate) fn failed(&self, exit: &Exit) {
        self.crashes.fetch_add(1, Ordering::Relaxed);
        *self.last.lock() = Some(exit.clone());
    }

    /// A message was handled, or never will be.
    pub(crate) fn message_handled(&self) {
        self.pending_messages.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SessionEntry {
    fn info(&self, key: u64) -> SessionInfo {
        let agent = self.status.agent.lock().clone();
        SessionInfo {
            key,
            conversation: Arc::clone(&self.conversation),
            address: self.address,
            product: self.product.clone(),
            agent,
            answering: self.status.answering.load(Ordering::Relaxed),
            queue_bytes: self.status.queue_bytes.load(Ordering::Relaxed),
            open_ms: self.open_ms(),
        }
    }

    fn report(&self, key: u64) -> TreeReport {
        let status = &*self.status;
        let last_reason = status.last.lock().as_ref().map(Exit::to_string);
        TreeReport {
            name: format!("session.{key}"),
            kind: "session",
            // An entry of the table is alive: a session removes itself, whatever ends it.
            state: State::Up,
            restarts: status.crashes.load(Ordering::Relaxed),
            last_reason,
            mailbox_depth: status.pending_messages.load(Ordering::Relaxed),
            uptime_ms: Some(self.open_ms()),
            observed: json!({
                "conversation": self.conversation,
                "answering": status.answering.load(Ordering::Relaxed),
                "offset": status.offset.load(Ordering::Relaxed),
                "queue_bytes": status.queue_bytes.load(Ordering::Relaxed),
                "product": self.product,
            }),
            children: Vec::new(),
        }
    }

    fn open_ms(&self) -> u64 {
        millis(self.opened_at)
    }
}

/// Milliseconds since then.
fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl From<AdmissionRefused> for CloseReason {
    fn from(refused: AdmissionRefused) -> Self {
        match refused {
            AdmissionRefused::Draining => Self::Restart,
            _ => Self::TryAgainLater,
        }
    }
}

/// Sessions that are sent away per step, so that all are within `most`.
fn sessions_per_step(count: usize, most: Duration) -> usize {
    let steps = (most.as_secs_f64() / DRAIN_STEP.as_secs_f64()).floor().max(1.0);
    let needed = count as f64 / steps;
    needed.max(DRAINED_PER_SECOND * DRAIN_STEP.as_secs_f64()).ceil().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> ClientAddress {
        ClientAddress::new(address.parse().unwrap())
    }

    fn registry(change: impl FnOnce(&mut SessionsSettings)) -> SessionRegistry {
        let settings = hsc_config::Settings::load(None, Vec::<(String, String)>::new()).unwrap();
        let mut settings = settings.sessions;
        (settings.max_per_address, settings.opens_per_second) = (0, 0);
        settings.opens_per_second_per_address = 0;
        change(&mut settings);
        SessionRegistry::new(&settings)
    }

    fn sessions(max: usize, per_address: u32, opens_per_second: u32) -> SessionRegistry {
        registry(|settings| {
            settings.max = max;
            settings.max_per_address = per_address;
            settings.opens_per_second = opens_per_second;
        })
    }

    #[test]
    fn no_session_is_admitted_above_the_limit_and_a_released_place_is_free() {
        let sessions = sessions(2, 0, 0);
        let first = sessions.admit(client("127.0.0.1")).unwrap();
        sessions.admit(client("127.0.0.1")).unwrap();
        assert_eq!(sessions.admit(client("127.0.0.1")), Err(AdmissionRefused::Full));
        sessions.release(first, client("127.0.0.1"));
        assert!(sessions.admit(client("127.0.0.1")).is_ok());
    }

    #[test]
    fn one_address_has_its_own_limit_of_sessions() {
        let sessions = sessions(100, 2, 0);
        let first = sessions.admit(client("127.0.0.1")).unwrap();
        sessions.admit(client("127.0.0.1")).unwrap();
        assert_eq!(sessions.admit(client("127.0.0.1")), Err(AdmissionRefused::Address));
        assert!(sessions.admit(client("10.0.0.1")).is_ok());
        sessions.release(first, client("127.0.0.1"));
        assert!(sessions.admit(client("127.0.0.1")).is_ok());
    }

    #[test]
    fn new_sessions_are_limited_per_second() {
        let sessions = sessions(100, 0, 3);
        let admitted = (0..10).filter(|_| sessions.admit(client("127.0.0.1")).is_ok()).count();
        assert_eq!(admitted, 3);
        assert_eq!(sessions.admit(client("127.0.0.1")), Err(AdmissionRefused::Rate));
    }

    #[test]
    fn a_burst_from_one_address_delays_no_other_address() {
        let sessions = registry(|settings| {
            settings.max = 100;
            settings.opens_per_second = 5;
            settings.opens_per_second_per_address = 3;
        });
        assert_eq!((0..10).filter(|_| sessions.admit(client("127.0.0.1")).is_ok()).count(), 3);
        let own = sessions.admit(client("127.0.0.1"));
        assert_eq!(own, Err(AdmissionRefused::AddressRate), "its own limit, not that of the pod");
        // The other addresses get what is left; beyond that the limit of the pod applies.
        assert!(sessions.admit(client("10.0.0.1")).is_ok());
        assert!(sessions.admit(client("10.0.0.2")).is_ok());
        assert_eq!(sessions.admit(client("10.0.0.3")), Err(AdmissionRefused::Rate));
    }

    #[tokio::test]
    async fn a_draining_pod_admits_no_session() {
        let sessions = sessions(100, 0, 0);
        sessions.drain(Duration::from_secs(1)).await;
        assert_eq!(sessions.admit(client("127.0.0.1")), Err(AdmissionRefused::Draining));
    }

    #[test]
    fn few_sessions_drain_at_a_steady_rate_and_many_within_the_time() {
        let within = Duration::from_secs(15);
        assert_eq!(sessions_per_step(0, within), 4);
        assert_eq!(sessions_per_step(1_000, within), 4, "in five seconds");
        assert_eq!(sessions_per_step(75_000, within), 100, "in 750 steps, which are all");
        assert_eq!(sessions_per_step(500, Duration::ZERO), 500, "without time, at once");
    }
}
