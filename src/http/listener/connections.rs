//! The connection table of a listener: how many there are, the phase of each, and which one is closed for a new one.
//!
//! A connection counts from its acceptance until its descriptor is closed. When there are too many, the table closes
//! one that is not in use (it has not sent a whole request, or is idle): of the client with most of these, the oldest
//! first. A request in progress and an open WebSocket are never closed for that. The last places are reserved: a
//! connection on a reserved place serves probes and admins only (`http::capacity` decides).
//!
//! Never     waits and never allocates per byte: reads and writes of a connection touch only its own atomics.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hsc_config::ServerSettings;
use hsc_conversation::ClientKey;
use strum::VariantArray as _;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The HTTP library answers a late request with 408, shortly before the connection is closed here.
const AFTER_THE_LIBRARY: Duration = Duration::from_secs(1);
/// Longest time for a request on a reserved place: a probe sends it at once.
const RESERVED_HEADER: Duration = Duration::from_secs(2);

/// Descriptors for the rest of the server, at least and at most.
const LEAST_REST: usize = 160;
const MOST_REST: usize = 1_024;
/// Most places for probes and admins: their connections last milliseconds.
const MOST_RESERVED: usize = 64;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The PROXY header or the TLS handshake is incomplete.
    Handshake,
    /// The head of a request is incomplete or has not begun.
    Head,
    /// The connection has had a response and sends nothing.
    Idle,
    /// A request is in progress; the server waits for the rest of the body.
    Body,
    /// A request is in progress.
    Answering,
    /// A WebSocket, which has deadlines of its own.
    Upgraded,
}

impl Phase {
    /// True for a connection that may be closed for another one: the server is not working for it.
    fn gives_way(self) -> bool {
        matches!(self, Self::Handshake | Self::Head | Self::Idle | Self::Body)
    }
}

/// Why the server closed a connection; label of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Closed {
    /// The handshake or the head of a request was late.
    #[strum(serialize = "header_timeout")]
    Header,
    /// Idle for too long.
    #[strum(serialize = "idle_timeout")]
    Idle,
    /// The client did not read.
    #[strum(serialize = "write_timeout")]
    Write,
    /// Closed for a newer connection.
    Evicted,
}

impl Closed {
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ConnectionRefused {
    /// The client has its maximum of connections, and each is in use.
    Address,
    /// The table is full, and each connection is in use.
    Full,
}

/// Limits of the number of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Connections for every client.
    pub general: usize,
    /// Additional connections for probes and admins.
    pub reserved: usize,
    /// Connections of one client; 0 is unlimited.
    pub per_address: usize,
}

impl Capacity {
    /// For the address of operations, which a few probes and Prometheus use.
    pub const OPERATIONS: Self = Self { general: 64, reserved: 0, per_address: 0 };

    /// From the settings, reduced to the number of file descriptors of the process.
    #[must_use]
    pub fn new(settings: &ServerSettings, descriptors: usize) -> Self {
        // The rest: logs, the archive, Redis, webhooks, manuals, connections that are being refused, and operations.
        let rest = (descriptors / 4).clamp(LEAST_REST, MOST_REST);
        let possible = descriptors.saturating_sub(rest).max(2);
        let reserved = (possible / 4).clamp(1, MOST_RESERVED);
        let general = match settings.max_connections {
            0 => possible - reserved,
            chosen => chosen.min(possible - reserved),
        };
        // One client gets at most half of the connections.
        let per_address = match settings.max_connections_per_address {
            0 => 0,
            chosen => usize::min(chosen, general.div_ceil(2)),
        };
        Self { general, reserved, per_address }
    }
}

/// Time limits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For a handshake, and for the head of a request.
    pub header: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// For the client to read.
    pub write: Duration,
}

/// The connections of a listener.
pub struct Connections {
    capacity: Capacity,
    pub(super) deadlines: Deadlines,
    began: Instant,
    table: Mutex<ConnectionTable>,
}

#[derive(Default)]
struct ConnectionTable {
    next: u64,
    places: HashMap<u64, ConnectionSlot>,
    of_client: HashMap<ClientKey, usize>,
    general: usize,
    reserved: usize,
}

struct ConnectionSlot {
    /// None for a proxy, which has many clients.
    client: Option<ClientKey>,
    is_reserved: bool,
    state: Arc<ConnectionState>,
}

impl Connections {
    /// An empty table.
    #[must_use]
    pub fn new(capacity: Capacity, deadlines: Deadlines) -> Arc<Self> {
        Arc::new(Self { capacity, deadlines, began: Instant::now(), table: Mutex::default() })
    }

    /// Number of connections.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table().places.len()
    }

    /// A place for a new connection; `client` is none for a proxy.
    pub(crate) fn admit(
        self: &Arc<Self>,
        client: Option<ClientKey>,
    ) -> Result<Admitted, ConnectionRefused> {
        let mut table = self.table();
        if let Some(client) = client {
            self.room_of_client(&mut table, client)?;
        }
        let has_room = |is_reserved: bool, table: &ConnectionTable| match is_reserved {
            false => table.general < self.capacity.general,
            true => table.reserved < self.capacity.reserved,
        };
        let of_tier =
            |is_reserved: bool| move |place: &ConnectionSlot| place.is_reserved == is_reserved;
        let is_reserved = [false, true]
            .into_iter()
            .find(|&tier| has_room(tier, &table) || table.evict(of_tier(tier)))
            .ok_or(ConnectionRefused::Full)?;
        let id = table.next;
        table.next += 1;
        let state = Arc::new(ConnectionState {
            id,
            connections: Arc::downgrade(self),
            began: self.began,
            phase: AtomicU8::new(Phase::Handshake as u8),
            since_ms: AtomicU64::new(ms_since(self.began)),
            blocked_ms: AtomicU64::new(NOT_BLOCKED),
            is_reserved: AtomicBool::new(is_reserved),
            is_evicted: AtomicBool::new(false),
            evicted: Notify::new(),
            changed: Notify::new(),
        });
        table.enter(id, ConnectionSlot { client, is_reserved, state: Arc::clone(&state) });
        drop(table);
        Ok(Admitted { connections: Arc::clone(self), state })
    }

    /// Makes room for one more connection of a client that has its maximum.
    fn room_of_client(
        &self,
        table: &mut ConnectionTable,
        client: ClientKey,
    ) -> Result<(), ConnectionRefused> {
        let most = self.capacity.per_address;
        let held = table.of_client.get(&client).copied().unwrap_or(0);
        if most == 0 || held < most || table.evict(|place| place.client == Some(client)) {
            return Ok(());
        }
        Err(ConnectionRefused::Address)
    }

    fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    fn enter(&mut self, id: u64, place: ConnectionSlot) {
        match place.is_reserved {
            true => self.reserved += 1,
            false => self.general += 1,
        }
        if let Some(client) = place.client {
            *self.of_client.entry(client).or_insert(0) += 1;
        }
        self.places.insert(id, place);
    }

    fn leave(&mut self, id: u64) -> Option<ConnectionSlot> {
        let place = self.places.remove(&id)?;
        match place.is_reserved {
            true => self.reserved -= 1,
            false => self.general -= 1,
        }
        if let Some(client) = place.client
            && let Some(held) = self.of_client.get_mut(&client)
        {
            *held -= 1;
            if *held == 0 {
                self.of_client.remove(&client);
            }
        }
        Some(place)
    }

    /// Closes one of these connections that is not in use; false if there is none.
    fn evict(&mut self, eligible: impl Fn(&ConnectionSlot) -> bool) -> bool {
        let held = |place: &ConnectionSlot| {
            place.client.and_then(|client| self.of_client.get(&client).copied()).unwrap_or(0)
        };
        let chosen = self
            .places
            .iter()
            .filter(|(_, place)| eligible(place) && place.state.phase().gives_way())
            .max_by_key(|(id, place)| {
                let since = place.state.since_ms.load(Ordering::Relaxed);
                (held(place), u64::MAX - since, u64::MAX - **id)
            });
        let Some(id) = chosen.map(|(id, _)| *id) else { return false };
        if let Some(place) = self.leave(id) {
            place.state.evict();
        }
        true
    }
}

/// The place of a connection, returned on drop.
pub(crate) struct Admitted {
    connections: Arc<Connections>,
    pub(super) state: Arc<ConnectionState>,
}

impl Admitted {
    /// The proxy has named the client of this connection.
    pub(super) fn identify(&self, client: ClientKey) -> Result<(), ConnectionRefused> {
        let table = &mut *self.connections.table();
        self.connections.room_of_client(table, client)?;
        if let Some(place) = table.places.get_mut(&self.state.id) {
            place.client = Some(client);
            *table.of_client.entry(client).or_insert(0) += 1;
        }
        Ok(())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.table().leave(self.state.id);
    }
}

const NOT_BLOCKED: u64 = u64::MAX;

fn ms_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(NOT_BLOCKED - 1)
}

/// The phase of a connection and its start. Written by its own thread, read by the table.
pub(crate) struct ConnectionState {
    id: u64,
    connections: Weak<Connections>,
    began: Instant,
    phase: AtomicU8,
    since_ms: AtomicU64,
    /// Time of the last write without room; [`NOT_BLOCKED`] after a write with room.
    blocked_ms: AtomicU64,
    is_reserved: AtomicBool,
    is_evicted: AtomicBool,
    evicted: Notify,
    changed: Notify,
}

impl ConnectionState {
    pub(crate) fn phase(&self) -> Phase {
        Phase::VARIANTS[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.since_ms.store(ms_since(self.began), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
        // A new deadline may end before the current timer; an ended deadline is noticed when the timer fires.
        if matches!(phase, Phase::Head | Phase::Idle) {
            self.changed.notify_one();
        }
    }

    /// Bytes were received.
    pub(super) fn has_read(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Bytes were sent.
    pub(super) fn has_written(&self) {
        self.blocked_ms.store(NOT_BLOCKED, Ordering::Relaxed);
        if self.phase() == Phase::Idle {
            self.since_ms.store(ms_since(self.began), Ordering::Relaxed);
        }
    }

    /// Bytes wait because the client does not read.
    pub(super) fn is_blocked(&self) {
        if self.blocked_ms.load(Ordering::Relaxed) == NOT_BLOCKED {
            self.blocked_ms.store(ms_since(self.began), Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    /// True while the connection is on a reserved place.
    pub(crate) fn is_reserved(&self) -> bool {
        self.is_reserved.load(Ordering::Relaxed)
    }

    /// Moves to a general place if one is free; true if the connection has one.
    pub(crate) fn take_general_place(&self) -> bool {
        let Some(connections) = self.connections.upgrade() else { return true };
        let mut table = connections.table();
        if !self.is_reserved() {
            return true;
        }
        if table.general >= connections.capacity.general {
            return false;
        }
        if let Some(place) = table.places.get_mut(&self.id) {
            place.is_reserved = false;
            self.is_reserved.store(false, Ordering::Relaxed);
            table.reserved -= 1;
            table.general += 1;
        }
        true
    }

    fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
        self.evicted.notify_one();
    }

    /// Waits until the connection must be closed, and returns the reason.
    pub(super) async fn closing(&self, deadlines: Deadlines) -> Closed {
        loop {
            if self.is_evicted.load(Ordering::Relaxed) {
                return Closed::Evicted;
            }
            let due = self.due(deadlines);
            if let Some((at, why)) = due
                && at <= Instant::now()
            {
                return why;
            }
            let deadline = async {
                match due {
                    Some((at, _)) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.evicted.notified() => {}
                () = self.changed.notified() => {}
                () = deadline => {}
            }
        }
    }

    fn due(&self, deadlines: Deadlines) -> Option<(Instant, Closed)> {
        let at = |ms: u64, after: Duration| self.began + Duration::from_millis(ms) + after;
        let phase = self.phase();
        let blocked = self.blocked_ms.load(Ordering::Relaxed);
        if blocked != NOT_BLOCKED {
            // For a WebSocket too: it is not polled while its write is stuck.
            return Some((at(blocked, deadlines.write), Closed::Write));
        }
        let since = self.since_ms.load(Ordering::Relaxed);
        let header = match self.is_reserved() {
            true => deadlines.header.min(RESERVED_HEADER),
            false => deadlines.header,
        };
        match phase {
            Phase::Handshake => Some((at(since, header), Closed::Header)),
            Phase::Head => Some((at(since, header + AFTER_THE_LIBRARY), Closed::Header)),
            Phase::Idle => Some((at(since, deadlines.idle + AFTER_THE_LIBRARY), Closed::Idle)),
            Phase::Body | Phase::Answering | Phase::Upgraded => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use hsc_conversation::ClientAddress;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn connections(general: usize, reserved: usize, per_address: usize) -> Arc<Connections> {
        let deadlines = Deadlines { header: SECOND * 10, idle: SECOND * 20, write: SECOND * 30 };
        Connections::new(Capacity { general, reserved, per_address }, deadlines)
    }

    fn client(number: u8) -> Option<ClientKey> {
        Some(ClientAddress::new([203, 0, 113, number].into()).key())
    }

    fn is_evicted(admitted: &Admitted) -> bool {
        admitted.state.is_evicted.load(Ordering::Relaxed)
    }

    #[test]
    fn the_oldest_idle_connection_of_the_client_with_the_most_is_evicted() {
        let connections = connections(4, 0, 0);
        let normal = connections.admit(client(1)).expect("room");
        let hostile: Vec<_> = (0..3).map(|_| connections.admit(client(2)).expect("room")).collect();
        for (second, admitted) in [&normal].into_iter().chain(&hostile).enumerate() {
            admitted.state.since_ms.store(second as u64 * 1_000, Ordering::Relaxed);
        }
        hostile[0].state.enter(Phase::Answering);
        let newest = connections.admit(client(3)).expect("one gives way");
        assert!(is_evicted(&hostile[1]) && !is_evicted(&hostile[0]) && !is_evicted(&normal));
        assert!(!newest.state.is_reserved());
        assert_eq!(connections.count(), 4);
        drop(hostile);
        assert_eq!(connections.count(), 2, "what was evicted is given back once");
    }

    #[test]
    fn a_connection_in_use_is_never_evicted_and_the_last_places_are_reserved() {
        let connections = connections(2, 1, 0);
        let held: Vec<_> = (0..2).map(|_| connections.admit(client(1)).expect("room")).collect();
        held[0].state.enter(Phase::Upgraded);
        held[1].state.enter(Phase::Answering);
        let probe = connections.admit(client(1)).expect("a reserved place");
        assert!(probe.state.is_reserved() && !probe.state.take_general_place());
        let next = connections.admit(client(1)).expect("the one before has sent nothing");
        assert!(is_evicted(&probe) && next.state.is_reserved());
        next.state.enter(Phase::Answering);
        assert_eq!(connections.admit(client(2)).err(), Some(ConnectionRefused::Full));
        drop(held);
        assert!(next.state.take_general_place() && !next.state.is_reserved());
        assert!(!connections.admit(client(2)).expect("room").state.is_reserved());
    }

    #[test]
    fn a_client_has_a_connection_limit_and_a_proxy_has_none() {
        let connections = connections(100, 1, 2);
        let held: Vec<_> = (0..2).map(|_| connections.admit(client(1)).expect("room")).collect();
        held[0].state.enter(Phase::Answering);
        let third = connections.admit(client(1)).expect("an idle one gives way");
        assert!(is_evicted(&held[1]));
        third.state.enter(Phase::Upgraded);
        assert_eq!(connections.admit(client(1)).err(), Some(ConnectionRefused::Address));
        assert!(connections.admit(client(2)).is_ok());
        let of_proxy: Vec<_> = (0..50).map(|_| connections.admit(None).expect("room")).collect();
        assert_eq!(
            of_proxy[0].identify(client(1).expect("a key")),
            Err(ConnectionRefused::Address)
        );
        assert_eq!(of_proxy[0].identify(client(3).expect("a key")), Ok(()));
    }

    #[test]
    fn descriptors_are_reserved_for_the_server_and_for_probes() {
        let mut settings = hsc_config::Settings::load(None, []).expect("the defaults").server;
        let of = |settings: &ServerSettings, descriptors| {
            let Capacity { general, reserved, per_address } = Capacity::new(settings, descriptors);
            (general, reserved, per_address)
        };
        assert_eq!(of(&settings, 512), (288, 64, 144));
        assert_eq!(of(&settings, 1_024), (704, 64, 352));
        assert_eq!(of(&settings, 65_536), (64_448, 64, 4_096));
        assert_eq!(of(&settings, 100), (1, 1, 1), "hardly any, but it starts");
        settings.max_connections = 100;
        settings.max_connections_per_address = 0;
        assert_eq!(of(&settings, 65_536), (100, 64, 0));
        assert_eq!(of(&settings, 256), (72, 24, 0), "no more than there are descriptors");
    }

    #[test]
    fn each_phase_has_its_deadline() {
        let connections = connections(100, 1, 0);
        let deadlines = connections.deadlines;
        let one = connections.admit(client(1)).expect("room");
        let due = || {
            let (at, why) = one.state.due(deadlines)?;
            let since = one.state.since_ms.load(Ordering::Relaxed);
            let since = one.state.began + Duration::from_millis(since);
            Some((why, at.duration_since(since).as_secs()))
        };
        assert_eq!(due(), Some((Closed::Header, 10)));
        one.state.enter(Phase::Head);
        assert_eq!(due(), Some((Closed::Header, 11)));
        one.state.enter(Phase::Answering);
        assert_eq!(due(), None, "an answer takes as long as it takes");
        one.state.enter(Phase::Idle);
        assert_eq!(due(), Some((Closed::Idle, 21)));
        // The beginning of a second request counts as a head, like the first.
        one.state.has_read();
        assert_eq!(due(), Some((Closed::Header, 11)));
        one.state.enter(Phase::Answering);
        one.state.is_blocked();
        assert_eq!(due(), Some((Closed::Write, 30)));
        one.state.has_written();
        assert_eq!(due(), None);
        one.state.enter(Phase::Upgraded);
        one.state.is_blocked();
        assert_eq!(due(), Some((Closed::Write, 30)), "nothing else ends a write that is stuck");
        one.state.has_written();
        assert_eq!(due(), None, "a WebSocket has deadlines of its own");
    }

    #[tokio::test]
    async fn an_evicted_or_late_connection_is_closed() {
        let moment = Duration::from_millis(20);
        let deadlines = Deadlines { header: moment, idle: moment, write: moment };
        let capacity = Capacity { general: 1, reserved: 0, per_address: 0 };
        let connections = Connections::new(capacity, deadlines);
        let first = connections.admit(client(1)).expect("room");
        first.state.enter(Phase::Answering);
        let (waits, is_late) = tokio::join!(first.state.closing(deadlines), async {
            // A connection in use is not closed; once it is idle, a waiting deadline is notified.
            first.state.is_blocked();
            true
        });
        assert_eq!((waits, is_late), (Closed::Write, true));
        first.state.has_written();
        first.state.enter(Phase::Idle);
        let second = connections.admit(client(2)).expect("the first gives way");
        assert_eq!(first.state.closing(deadlines).await, Closed::Evicted);
        drop((first, second));
        assert_eq!(connections.count(), 0);
    }
}
