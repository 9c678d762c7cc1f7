//! The connections of a listener: each from its acceptance to its end, its bytes, its phase and its deadlines, and the
//! table of all, which decides which one is closed for a new one. What runs with each frame of a WebSocket before the
//! socket's actor is in this file and in `upgrade`.
//!
//! [`Listener`] accepts a connection and prepares it, [`Stream`] is what the HTTP library reads and writes,
//! [`ConnectionState`] has the phase and finds the deadline, [`Connections`] is the table.
//!
//! A connection counts from its acceptance until its descriptor is closed. When there are too many, the table closes
//! one that is not in use (it has not sent a whole request, or is idle): of the client with most of these, the oldest
//! first. A request in progress and an open WebSocket are never closed for that. The last places are reserved: a
//! connection on a reserved place serves probes and admins only (`http::capacity` decides).
//!
//! Never     waits and never allocates per byte: reads and writes of a connection touch only its own atomics.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive};
use actix_server::ServerBuilder;
use actix_service::{
    IntoServiceFactory as _, ServiceFactoryExt as _, fn_factory, fn_service, map_config,
};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{AppConfig, HttpServiceFactory, Service, ServiceFactory as _};
use actix_web::{App, HttpResponse};
use bytes::Bytes;
use hsc_config::ServerSettings;
use hsc_conversation::{ClientAddress, ClientKey};
use hsc_monitoring::Metrics;
use log::{debug, warn};
use strum::VariantArray as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::{Connection, TrustedProxies};
use super::proxy_protocol;
use super::tls::Certificate;
use super::upgrade::{self, DISCONNECT};

/// Longest time for writing to a refused connection.
const REFUSAL: Duration = Duration::from_millis(500);
/// The HTTP library answers a late request with 408, shortly before the connection is closed here.
const AFTER_THE_LIBRARY: Duration = Duration::from_secs(1);
/// Longest time for a request on a reserved place: a probe sends it at once.
const RESERVED_HEADER: Duration = Duration::from_secs(2);

/// Descriptors for the rest of the server, at least and at most.
const LEAST_REST: usize = 160;
const MOST_REST: usize = 1_024;
/// Most places for probes and admins: their connections last milliseconds.
const MOST_RESERVED: usize = 64;

/// A listening address and its options.
pub struct Listener {
    /// The connections of this address.
    pub connections: Arc<Connections>,
    /// The peers whose PROXY header is read.
    pub trusted_proxies: TrustedProxies,
    /// True if trusted proxies begin each connection with a PROXY header.
    pub proxy_protocol: bool,
    /// The certificate, for TLS connections.
    pub certificate: Option<Arc<Certificate>>,
    /// Counts connections: opened, refused, closed by the server and why.
    pub metrics: Arc<Metrics>,
}

impl Listener {
    /// Serves these routes on this socket.
    ///
    /// # Errors
    /// If the socket cannot be served.
    pub fn serve<R>(
        self,
        builder: ServerBuilder,
        socket: std::net::TcpListener,
        routes: impl Fn() -> R + Clone + Send + 'static,
    ) -> io::Result<ServerBuilder>
    where
        R: HttpServiceFactory + 'static,
    {
        let shutdown = builder.graceful_shutdown_signal();
        let address = socket.local_addr()?;
        let listener = Arc::new(self);
        builder.listen(format!("http-{address}"), socket, move || {
            let (listener, shutdown) = (Arc::clone(&listener), shutdown.clone());
            let deadlines = listener.connections.deadlines;
            let app = App::new().service(routes()).into_factory();
            let app = app.map_err(|error: actix_web::Error| HttpResponse::from_error(error));
            let app = Rc::new(map_config(app, |()| AppConfig::default()));
            fn_factory(move || {
                let (listener, app, shutdown) =
                    (Arc::clone(&listener), Rc::clone(&app), shutdown.clone());
                async move {
                    let app = Rc::new(app.new_service(()).await?);
                    let upgraded = Rc::clone(&app);
                    let http = HttpService::build()
                        .graceful_shutdown_signal(move || {
                            let signal = shutdown.clone();
                            async move { signal.notified().await }
                        })
                        .keep_alive(KeepAlive::Timeout(deadlines.idle))
                        .client_request_timeout(deadlines.header)
                        .client_disconnect_timeout(DISCONNECT)
                        .local_addr(address)
                        .upgrade(fn_service(move |(request, framed)| {
                            upgrade::serve(Rc::clone(&upgraded), request, framed)
                        }))
                        .on_connect_ext(|stream: &Stream, data| {
                            data.insert(stream.connection);
                            data.insert(Arc::clone(&stream.state));
                        })
                        .h1(fn_service(move |request| app.call(request)));
                    let http = Rc::new(http.new_service(()).await?);
                    Ok::<_, ()>(fn_service(move |io: TcpStream| {
                        Arc::clone(&listener).accepted(io, Rc::clone(&http))
                    }))
                }
            })
        })
    }

    /// Serves a connection until it is closed.
    async fn accepted<H>(self: Arc<Self>, io: TcpStream, http: Rc<H>) -> Result<(), ()>
    where
        H: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
    {
        let Ok(peer) = io.peer_addr() else { return Ok(()) };
        // A prediction is one small write, and a person waits for it.
        let _ = io.set_nodelay(true);
        // A proxy has many clients, and may have as many connections as they need.
        let is_proxy = self.trusted_proxies.contains(peer.ip());
        let client = (!is_proxy).then(|| ClientAddress::new(peer.ip()).key());
        let admitted = match self.connections.admit(client) {
            Ok(admitted) => admitted,
            Err(refused) => {
                self.refuse(io, refused).await;
                return Ok(());
            }
        };
        self.metrics.connections.opened();
        let served = tokio::select! {
            biased;
            why = admitted.state.closing(self.connections.deadlines) => Err(Ended::Closed(why)),
            served = async {
                // Boxed: a connection would have room for a handshake until its end.
                let stream = Box::pin(self.prepared(io, is_proxy, &admitted)).await?;
                http.call((stream, Some(peer))).await.map_err(Ended::from)
            } => served,
        };
        if let Err(ended) = served {
            self.report(peer, ended);
        }
        drop(admitted);
        self.metrics.connections.ended();
        Ok(())
    }

    /// Counts and logs how a connection ended.
    fn report(&self, peer: SocketAddr, ended: Ended) {
        let metrics = &self.metrics.connections;
        match ended {
            Ended::Closed(why) => {
                let reason = why.into();
                metrics.closed(reason);
                debug!(peer:%, reason; "connection closed");
                if why == Closed::Evicted {
                    debug!(peer:%; "the server holds as many connections as it may");
                }
            }
            Ended::Malformed { what, cause } => {
                metrics.malformed(what);
                debug!(peer:%, what, cause; "what a client sent cannot be understood");
            }
            Ended::Refused(refused) => metrics.refused(refused.into()),
            Ended::Failed(cause) => warn!(cause; "an answer could not be sent to its end"),
            Ended::Gone(cause) => debug!(peer:%, cause; "connection lost"),
        }
    }

    /// Reads the bytes before HTTP (PROXY header, TLS); the rest is the stream of HTTP.
    async fn prepared(
        &self,
        mut io: TcpStream,
        is_proxy: bool,
        admitted: &Admitted,
    ) -> Result<Stream, Ended> {
        let mut connection = Connection { proxied: None, is_tls: self.certificate.is_some() };
        if self.proxy_protocol && is_proxy {
            connection.proxied = proxy_protocol::read(&mut io).await.map_err(|error| {
                Ended::Malformed { what: "proxy_header", cause: error.to_string() }
            })?;
            if let Some(source) = connection.proxied
                && !self.trusted_proxies.contains(source.ip())
            {
                let client = ClientAddress::new(source.ip()).key();
                admitted.identify(client).map_err(Ended::Refused)?;
            }
        }
        let io = match &self.certificate {
            None => Io::Plain(io),
            Some(certificate) => {
                let accepted = TlsAcceptor::from(certificate.current()).accept(io).await;
                let stream = accepted.map_err(|error| match error.kind() {
                    io::ErrorKind::InvalidData => {
                        Ended::Malformed { what: "tls", cause: error.to_string() }
                    }
                    _ => Ended::Gone(error.to_string()),
                })?;
                Io::Tls(Box::new(stream))
            }
        };
        admitted.state.enter(Phase::Head);
        Ok(Stream { io, connection, state: Arc::clone(&admitted.state) })
    }

    /// Tells a client that there are too many connections, if that is possible.
    async fn refuse(&self, mut io: TcpStream, refused: ConnectionRefused) {
        const BODY: &str = r#"{"code":"full","message":"The server holds as many connections as it may; try again in a few seconds."}"#;
        self.metrics.connections.refused(refused.into());
        if self.certificate.is_some() {
            return;
        }
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             retry-after: 2\r\nconnection: close\r\n\r\n{BODY}",
            BODY.len()
        );
        let _ = timeout(REFUSAL, async {
            io.write_all(answer.as_bytes()).await?;
            io.shutdown().await
        })
        .await;
    }
}

/// Why a connection ended that was not served to its end.
enum Ended {
    /// The server closed it.
    Closed(Closed),
    /// The bytes before HTTP are invalid.
    Malformed { what: &'static str, cause: String },
    /// The client that the proxy named has too many connections.
    Refused(ConnectionRefused),
    /// The rest of a response could not be made.
    Failed(String),
    /// The client is gone, or the network failed.
    Gone(String),
}

impl From<DispatchError> for Ended {
    fn from(error: DispatchError) -> Self {
        let cause = error.to_string();
        match error {
            DispatchError::Parse(_) => Self::Malformed { what: "request", cause },
            DispatchError::Body(_) | DispatchError::InternalError => Self::Failed(cause),
            _ => Self::Gone(cause),
        }
    }
}

/// The stream that the HTTP library reads and writes.
struct Stream {
    io: Io,
    connection: Connection,
    /// Records when the bytes last moved.
    state: Arc<ConnectionState>,
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn written<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &result {
            Poll::Pending => self.state.is_blocked(),
            Poll::Ready(_) => self.state.has_written(),
        }
        result
    }
}

macro_rules! io {
    ($stream:expr, $method:ident $(, $argument:expr)*) => {
        match &mut $stream.io {
            Io::Plain(io) => Pin::new(io).$method($($argument),*),
            Io::Tls(io) => Pin::new(io).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = io!(self, poll_read, cx, buffer);
        if buffer.filled().len() > before {
            self.state.has_read();
        }
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = io!(self, poll_write, cx, bytes);
        self.written(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = io!(self, poll_flush, cx);
        // A flush without pending bytes moves none, so a ready one is not a write.
        if result.is_pending() {
            self.state.is_blocked();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = io!(self, poll_shutdown, cx);
        self.written(result)
    }
}

/// A request in progress. Dropped once the last byte of the response was handed over.
pub(crate) struct RequestGuard(Arc<ConnectionState>);

impl RequestGuard {
    pub(crate) fn begin(state: &Arc<ConnectionState>) -> Self {
        state.enter(Phase::Answering);
        Self(Arc::clone(state))
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

/// The body of a response; the request is in progress as long as it lives.
pub(crate) struct TrackedBody {
    body: BoxBody,
    _answering: RequestGuard,
}

impl TrackedBody {
    pub(crate) fn new(body: BoxBody, answering: RequestGuard) -> Self {
        Self { body, _answering: answering }
    }
}

impl MessageBody for TrackedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

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
enum Closed {
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

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum ConnectionRefused {
    /// The client has its maximum of connections, and each is in use.
    Address,
    /// The table is full, and each connection is in use.
    Full,
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
    /// True on a reserved place. Changes under the lock of the table only, which counts these places.
    is_reserved: AtomicBool,
    is_evicted: AtomicBool,
    /// Wakes [`Self::closing`]: the connection is evicted, or a new deadline may end before the one that it waits for.
    changed: Notify,
}

impl ConnectionState {
    pub(crate) fn phase(&self) -> Phase {
        Phase::VARIANTS[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.since_ms.store(ms_since(self.began), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
        // The other phases have no deadline; that the previous one ended is noticed when its timer fires.
        if matches!(phase, Phase::Head | Phase::Idle) {
            self.changed.notify_one();
        }
    }

    /// Bytes were received.
    fn has_read(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// Bytes were sent.
    fn has_written(&self) {
        self.blocked_ms.store(NOT_BLOCKED, Ordering::Relaxed);
        if self.phase() == Phase::Idle {
            self.since_ms.store(ms_since(self.began), Ordering::Relaxed);
        }
    }

    /// Bytes wait because the client does not read.
    fn is_blocked(&self) {
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
        if table.held(false) >= connections.capacity.places(false) {
            return false;
        }
        // An evicted connection has no place any more.
        if table.places.contains_key(&self.id) {
            self.is_reserved.store(false, Ordering::Relaxed);
            table.reserved -= 1;
        }
        true
    }

    fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Waits until the connection must be closed, and returns the reason.
    async fn closing(&self, deadlines: Deadlines) -> Closed {
        loop {
            if self.is_evicted.load(Ordering::Relaxed) {
                return Closed::Evicted;
            }
            let changed = self.changed.notified();
            match self.due(deadlines) {
                Some((at, why)) if at <= Instant::now() => return why,
                // The deadline may have moved meanwhile.
                Some((at, _)) => _ = timeout_at(at, changed).await,
                None => changed.await,
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
        let longest = if self.is_reserved() { RESERVED_HEADER } else { Duration::MAX };
        let header = deadlines.header.min(longest);
        match phase {
            Phase::Handshake => Some((at(since, header), Closed::Header)),
            Phase::Head => Some((at(since, header + AFTER_THE_LIBRARY), Closed::Header)),
            Phase::Idle => Some((at(since, deadlines.idle + AFTER_THE_LIBRARY), Closed::Idle)),
            Phase::Body | Phase::Answering | Phase::Upgraded => None,
        }
    }
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

    /// The number of reserved places, or of general ones.
    fn places(&self, is_reserved: bool) -> usize {
        if is_reserved { self.reserved } else { self.general }
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
    deadlines: Deadlines,
    began: Instant,
    table: Mutex<ConnectionTable>,
}

#[derive(Default)]
struct ConnectionTable {
    next: u64,
    places: HashMap<u64, ConnectionSlot>,
    /// Number of places of each client that has one.
    of_client: HashMap<ClientKey, usize>,
    /// Number of reserved places in use.
    reserved: usize,
}

struct ConnectionSlot {
    /// None for a proxy, which has many clients.
    client: Option<ClientKey>,
    state: Arc<ConnectionState>,
}

impl Connections {
    /// An empty table.
    pub fn new(capacity: Capacity, deadlines: Deadlines) -> Arc<Self> {
        Arc::new(Self { capacity, deadlines, began: Instant::now(), table: Mutex::default() })
    }

    /// A place for a new connection; `client` is none for a proxy.
    fn admit(self: &Arc<Self>, client: Option<ClientKey>) -> Result<Admitted, ConnectionRefused> {
        let mut table = self.table();
        if let Some(client) = client {
            self.room_of_client(&mut table, client)?;
        }
        let is_reserved = [false, true]
            .into_iter()
            .find(|&tier| {
                table.held(tier) < self.capacity.places(tier)
                    || table.evict(|place| place.state.is_reserved() == tier)
            })
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
            changed: Notify::new(),
        });
        table.enter(id, ConnectionSlot { client, state: Arc::clone(&state) });
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
    /// The number of reserved places in use, or of general ones.
    fn held(&self, is_reserved: bool) -> usize {
        if is_reserved { self.reserved } else { self.places.len() - self.reserved }
    }

    fn enter(&mut self, id: u64, place: ConnectionSlot) {
        self.reserved += usize::from(place.state.is_reserved());
        if let Some(client) = place.client {
            *self.of_client.entry(client).or_insert(0) += 1;
        }
        self.places.insert(id, place);
    }

    fn leave(&mut self, id: u64) -> Option<ConnectionSlot> {
        let place = self.places.remove(&id)?;
        self.reserved -= usize::from(place.state.is_reserved());
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
        let of_its_client = |place: &ConnectionSlot| {
            place.client.and_then(|client| self.of_client.get(&client).copied()).unwrap_or(0)
        };
        let chosen = self
            .places
            .iter()
            .filter(|(_, place)| eligible(place) && place.state.phase().gives_way())
            .max_by_key(|(id, place)| {
                let since = place.state.since_ms.load(Ordering::Relaxed);
                (of_its_client(place), u64::MAX - since, u64::MAX - **id)
            });
        let Some(id) = chosen.map(|(id, _)| *id) else { return false };
        if let Some(place) = self.leave(id) {
            place.state.evict();
        }
        true
    }
}

/// The place of a connection, returned on drop.
struct Admitted {
    connections: Arc<Connections>,
    state: Arc<ConnectionState>,
}

impl Admitted {
    /// The proxy has named the client of this connection.
    fn identify(&self, client: ClientKey) -> Result<(), ConnectionRefused> {
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
        assert_eq!(connections.table().places.len(), 4);
        drop(hostile);
        assert_eq!(connections.table().places.len(), 2, "what was evicted is given back once");
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
        assert_eq!(connections.table().places.len(), 0);
    }
}
