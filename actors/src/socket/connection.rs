//! Opens sockets, passes messages between them and their actors, closes them. The bytes of a client are read through the frame guard,
//! each message within a deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::{Context, Poll};
use std::time::Duration;

use actix::{Actor, ActorContext as _, AsyncContext as _, StreamHandler};
use actix_web::error::PayloadError;
use actix_web::web::{BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{self, ProtocolError};
use bytes::{Buf as _, Bytes};
use futures::{Stream, StreamExt as _};
use hsc_config::ServerSettings;
use hsc_monitoring::Metrics;
use log::debug;
use tokio::time::{Instant, Sleep};

use super::budget::{BudgetShare, SharedBudget};
use super::frames::{FrameLimits, FrameReader, Message, Violation};
use super::outgoing::{FrameQueue, Outgoing};
use crate::rate_limit::{Gcra, Quota};
use hsc_conversation::protocol::CloseReason;

/// Frames read before the thread is yielded to other connections. Fragments are frames without
/// a message, so the context, which yields by messages, would not count them.
const FRAMES_AT_ONCE: usize = 32;

/// Consecutive refused messages after which a connection is closed: a client that ignores a hundred refusals is
/// not a chat.
const REFUSALS_BEFORE_CLOSE: u32 = 100;

/// The context of an actor that is a socket.
pub(crate) type SocketContext<A> = ws::WebsocketContext<A>;

/// An actor that is a socket.
pub(crate) trait OnSocket: Actor<Context = SocketContext<Self>> {}

impl<A: Actor<Context = SocketContext<A>>> OnSocket for A {}

/// A received message, or the error of the connection. The library's type, required by its context.
pub(crate) type Received = Result<ws::Message, ProtocolError>;

/// The socket of one client, as its actor holds it: the messages that the client may send, the bytes that are queued for
/// it, and whether it is open.
pub(crate) struct ClientSocket {
    outgoing: Outgoing,
    messages: Gcra,
    /// Consecutive messages beyond the rate.
    refusals: u32,
    last_received: Instant,
    is_closed: bool,
}

/// A received message, interpreted.
pub(crate) enum SocketEvent {
    /// A whole text message.
    Text(String),
    /// A text message beyond the rate of the client. It is not read.
    RateLimited,
    /// A ping or a pong.
    Nothing,
    /// The end, and the close reason to send.
    End(CloseReason),
}

/// The bounds of every socket of a pod.
pub(crate) struct SocketRules {
    frames: FrameLimits,
    messages: Arc<MessageRules>,
    max_outgoing: usize,
    queued: Arc<SharedBudget>,
    close_timeout: Duration,
    metrics: Arc<Metrics>,
}

impl SocketRules {
    /// The bounds of the settings, and the budgets that all sockets share: for incomplete incoming messages, and for
    /// data queued for clients.
    pub(crate) fn new(settings: &ServerSettings, metrics: Arc<Metrics>) -> Self {
        let observed = Arc::clone(&metrics);
        let budget = SharedBudget::new(settings.unfinished_message_bytes, move |bytes| {
            observed.sockets.unfinished(bytes);
        });
        let deadline = Duration::from_millis(settings.message_deadline_ms);
        let observed = Arc::clone(&metrics);
        Self {
            frames: FrameLimits {
                message_bytes: settings.max_message_bytes,
                small_frames_per_second: settings.small_frames_per_second,
            },
            messages: Arc::new(MessageRules { deadline, budget }),
            max_outgoing: settings.outgoing_queue_bytes,
            queued: SharedBudget::new(settings.queued_bytes, move |bytes| {
                observed.sockets.queued(bytes);
            }),
            close_timeout: Duration::from_millis(settings.close_timeout_ms),
            metrics,
        }
    }
}

/// Accepts the upgrade and starts the actor that `make` creates, on this worker's thread.
///
/// # Errors
/// When the request is not a WebSocket upgrade.
pub(crate) fn open<A: OnSocket + StreamHandler<Received>>(
    request: &HttpRequest,
    payload: Payload,
    rules: &SocketRules,
    make: impl FnOnce(Outgoing) -> A,
) -> Result<HttpResponse, actix_web::Error> {
    let mut response = ws::handshake(request)?;
    let metrics = Arc::clone(&rules.metrics);
    let reader = FrameReader::new(rules.frames);
    let incoming = Incoming::new(payload, reader, Arc::clone(&rules.messages));
    let incoming = incoming.map(move |received| match received {
        Ok(message) => Ok(library_message(message)),
        Err(violation) => {
            debug!(reason = violation.as_str(); "refused the frames of a client");
            metrics.sockets.violated(violation.as_str());
            Err(ProtocolError::Io(std::io::Error::other(violation)))
        }
    });
    let metrics = Arc::clone(&rules.metrics);
    let queue = FrameQueue::new(Arc::clone(&rules.queued), move || {
        metrics.sockets.violated("queue_budget");
    });
    let actor = make(queue.outgoing(rules.max_outgoing));
    // The library's own decoder gets no data: it would buffer without a bound.
    let context = SocketContext::with_factory(futures::stream::pending(), |ctx| {
        ctx.add_stream(incoming);
        actor
    });
    Ok(response.streaming(queue.run(context, rules.close_timeout)))
}

/// Accepts the upgrade only to send a close frame with the reason of the refusal.
///
/// # Errors
/// When the request is not a WebSocket upgrade.
pub fn turn_away(
    request: &HttpRequest,
    reason: CloseReason,
) -> Result<HttpResponse, actix_web::Error> {
    let mut response = ws::handshake(request)?;
    let mut frame = BytesMut::new();
    actix_http::ws::Parser::write_close(&mut frame, Some(close_reason(reason)), false);
    Ok(response.streaming(futures::stream::iter([Ok::<_, actix_web::Error>(frame.freeze())])))
}

fn close_reason(reason: CloseReason) -> ws::CloseReason {
    ws::CloseReason { code: ws::CloseCode::from(reason.code()), description: None }
}

fn library_message(message: Message) -> ws::Message {
    match message {
        Message::Text(text) => ws::Message::Text(text.into()),
        Message::Binary(bytes) => ws::Message::Binary(bytes.into()),
        Message::Ping(payload) => ws::Message::Ping(payload.into()),
        Message::Pong => ws::Message::Pong(Bytes::new()),
        Message::Close => ws::Message::Close(None),
    }
}

impl ClientSocket {
    /// A socket with an outgoing budget, whose client may send messages at this rate.
    pub(crate) fn new(outgoing: Outgoing, quota: Quota) -> Self {
        let now = Instant::now();
        let messages = Gcra::new(quota, now);
        Self { outgoing, messages, refusals: 0, last_received: now, is_closed: false }
    }

    /// Interprets one message, counts it against the rate of the client and answers pings. The guard bounds the number
    /// of pings; the pongs count as data queued for the client.
    pub(crate) fn receive<A: OnSocket>(
        &mut self,
        received: Received,
        ctx: &mut SocketContext<A>,
    ) -> SocketEvent {
        self.last_received = Instant::now();
        match received {
            Ok(ws::Message::Text(text)) => self.admit(text.into()),
            // Clients of the earlier system send text only; binary that is UTF-8 is accepted as well. Other
            // binary cannot be JSON; the parser then reports it with the error of part 1.
            Ok(ws::Message::Binary(bytes)) => {
                self.admit(String::from_utf8_lossy(&bytes).into_owned())
            }
            Ok(ws::Message::Ping(payload)) => {
                if !self.outgoing.admit(payload.len()) {
                    return SocketEvent::End(CloseReason::Policy);
                }
                ctx.pong(&payload);
                SocketEvent::Nothing
            }
            Ok(ws::Message::Close(_)) => SocketEvent::End(CloseReason::Normal),
            Ok(_) => SocketEvent::Nothing,
            Err(error) => SocketEvent::End(reason_of(&error)),
        }
    }

    fn admit(&mut self, text: String) -> SocketEvent {
        if self.messages.take(self.last_received).is_ok() {
            self.refusals = 0;
            return SocketEvent::Text(text);
        }
        self.refusals += 1;
        match self.refusals > REFUSALS_BEFORE_CLOSE {
            true => SocketEvent::End(CloseReason::Policy),
            false => SocketEvent::RateLimited,
        }
    }

    /// Queues a frame for the client; false when its outgoing budget is spent.
    pub(crate) fn send<A: OnSocket>(
        &mut self,
        json: impl Into<String>,
        ctx: &mut SocketContext<A>,
    ) -> bool {
        let json = json.into();
        let is_admitted = self.outgoing.admit(json.len());
        if is_admitted {
            ctx.text(json);
        }
        is_admitted
    }

    /// Queues a frame outside the budget, because it has another bound.
    pub(crate) fn send_exempt<A: OnSocket>(&mut self, json: &str, ctx: &mut SocketContext<A>) {
        self.outgoing.exempt(json.len());
        ctx.text(json);
    }

    /// Sends the close frame and stops the actor; false if it was closed before.
    pub(crate) fn close<A: OnSocket>(
        &mut self,
        reason: CloseReason,
        ctx: &mut SocketContext<A>,
    ) -> bool {
        let is_new = !std::mem::replace(&mut self.is_closed, true);
        if is_new {
            ctx.close(Some(close_reason(reason)));
            ctx.stop();
        }
        is_new
    }

    /// True once it was closed here: nothing more is sent or read.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Time since the client sent anything.
    pub(crate) fn silence(&self) -> Duration {
        self.last_received.elapsed()
    }

    /// The count of bytes queued for the client.
    pub(crate) fn queued_bytes(&self) -> Arc<AtomicUsize> {
        self.outgoing.count()
    }
}

fn reason_of(error: &ProtocolError) -> CloseReason {
    let violation = match error {
        ProtocolError::Io(error) => error.get_ref().and_then(|it| it.downcast_ref::<Violation>()),
        _ => None,
    };
    violation.map_or(CloseReason::Protocol, |violation| violation.close_reason())
}

/// Bounds of an incomplete message.
struct MessageRules {
    /// From its first byte to its last.
    deadline: Duration,
    /// Shared by all connections of the pod.
    budget: Arc<SharedBudget>,
}

/// The stream of messages. Ends after a violation, and when the client has gone.
struct Incoming<S> {
    bytes: S,
    /// The rest of the last read that is not decoded yet.
    chunk: Bytes,
    reader: FrameReader,
    opened: Instant,
    rules: Arc<MessageRules>,
    /// Set while a message or frame is incomplete.
    unfinished: Option<Unfinished>,
    has_ended: bool,
}

struct Unfinished {
    share: BudgetShare,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Incoming<S> {
    fn new(bytes: S, reader: FrameReader, rules: Arc<MessageRules>) -> Self {
        Self {
            bytes,
            chunk: Bytes::new(),
            reader,
            opened: Instant::now(),
            rules,
            unfinished: None,
            has_ended: false,
        }
    }
}

impl<S> Stream for Incoming<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    type Item = Result<Message, Violation>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        let polled = this.poll_message(cx);
        if !matches!(polled, Poll::Pending | Poll::Ready(Some(Ok(_)))) {
            this.has_ended = true;
            this.chunk = Bytes::new();
            this.unfinished = None;
        }
        polled
    }
}

impl<S> Incoming<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Violation>>> {
        for _ in 0..FRAMES_AT_ONCE {
            if self.chunk.is_empty() {
                match Pin::new(&mut self.bytes).poll_next(cx) {
                    Poll::Ready(Some(Ok(chunk))) => self.chunk = chunk,
                    // The connection ended or broke: nothing can be sent any more.
                    Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(None),
                    Poll::Pending => return self.poll_unfinished(cx).map(|it| Some(Err(it))),
                }
            }
            match self.reader.read(&self.chunk, self.opened.elapsed()) {
                Ok(step) => {
                    self.chunk.advance(step.read);
                    if self.reader.is_between_messages() {
                        self.unfinished = None;
                    }
                    if let Some(message) = step.message {
                        return Poll::Ready(Some(Ok(message)));
                    }
                }
                Err(violation) => return Poll::Ready(Some(Err(violation))),
            }
        }
        cx.waker().wake_by_ref();
        self.poll_unfinished(cx).map(|it| Some(Err(it)))
    }

    /// Counts the stored bytes of the incomplete message, and checks its deadline.
    fn poll_unfinished(&mut self, cx: &mut Context<'_>) -> Poll<Violation> {
        if self.reader.is_between_messages() {
            return Poll::Pending;
        }
        let unfinished = self.unfinished.get_or_insert_with(|| Unfinished {
            share: self.rules.budget.share(),
            deadline: Box::pin(tokio::time::sleep(self.rules.deadline)),
        });
        unfinished.share.hold(self.reader.stored_bytes());
        if unfinished.share.is_evicted(cx) {
            return Poll::Ready(Violation::MemoryBudget);
        }
        unfinished.deadline.as_mut().poll(cx).map(|()| Violation::MessageDeadline)
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    const LIMITS: FrameLimits =
        FrameLimits { message_bytes: 1_000_000, small_frames_per_second: 1_000 };

    /// A frame of up to 125 bytes; a mask of zeros leaves its payload as it is.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
    }

    fn incoming<S>(bytes: S, deadline: Duration) -> Incoming<S> {
        let budget = SharedBudget::new(10_000_000, |_| {});
        Incoming::new(bytes, FrameReader::new(LIMITS), Arc::new(MessageRules { deadline, budget }))
    }

    #[actix::test]
    async fn endless_fragments_yield_the_thread_after_a_bounded_number() {
        let fragments = [frame(0x01, &[b'x'; 100]), frame(0x00, &[b'x'; 100]).repeat(999)].concat();
        let mut rest = Some(Ok(Bytes::from(fragments)));
        let bytes = stream::poll_fn(move |_| match rest.take() {
            Some(chunk) => Poll::Ready(Some(chunk)),
            None => Poll::Pending,
        });
        let mut incoming = incoming(bytes, Duration::from_secs(60));
        let mut polls = 0;
        while incoming.reader.stored_bytes() < 100_000 {
            let polled =
                incoming.poll_next_unpin(&mut Context::from_waker(futures::task::noop_waker_ref()));
            assert!(polled.is_pending(), "there is no message in it: {polled:?}");
            polls += 1;
        }
        assert_eq!(polls, 1_000_usize.div_ceil(FRAMES_AT_ONCE));
    }

    #[actix::test]
    async fn a_pong_does_not_prolong_a_message() {
        let begin = stream::iter([Ok(Bytes::from(frame(0x01, b"{")))]);
        let pongs = stream::unfold((), |()| async {
            // No deadline: it ends with its reader, which has one.
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok(Bytes::from(frame(0x8a, b""))), ()))
        });
        let mut incoming = incoming(begin.chain(pongs).boxed_local(), Duration::from_millis(50));
        let ended = async {
            loop {
                match incoming.next().await {
                    Some(Ok(Message::Pong)) => {}
                    other => return other,
                }
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
        assert_eq!(ended.expect("the deadline passes"), Some(Err(Violation::MessageDeadline)));
        let after = tokio::time::timeout(Duration::from_secs(20), incoming.next()).await;
        assert_eq!(after.expect("an ended stream answers at once"), None);
    }
}
