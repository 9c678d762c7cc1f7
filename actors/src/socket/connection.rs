//! Opens sockets, passes their messages to actors, closes them.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext as _, StreamHandler};
use actix_web::web::{BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{self, ProtocolError};
use futures::StreamExt as _;
use hsc_monitoring::Metrics;
use log::debug;

use super::budget::SharedBudget;
use super::frames::{FrameLimits, FrameReader, Message, Violation};
use super::incoming::{Incoming, MessageRules};
use super::outgoing::{FrameQueue, Outgoing};
use hsc_conversation::protocol::CloseReason;

/// The context of an actor that is a socket.
pub(crate) type SocketContext<A> = ws::WebsocketContext<A>;
/// A received message, or the error of the connection. The library's type, required by its context.
pub(crate) type Received = Result<ws::Message, ProtocolError>;

/// A received message, interpreted.
pub(crate) enum SocketEvent {
    /// A whole text message.
    Text(String),
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
    /// The bounds of a socket, and the budgets that all of them share: `unfinished_bytes` for incomplete
    /// incoming messages, `queued_bytes` for data queued for clients.
    pub(crate) fn new(
        frames: FrameLimits,
        (message_deadline, unfinished_bytes): (Duration, usize),
        (max_outgoing, queued_bytes, close_timeout): (usize, usize, Duration),
        metrics: Arc<Metrics>,
    ) -> Self {
        let observed = Arc::clone(&metrics);
        let budget = SharedBudget::new(unfinished_bytes, move |bytes| {
            observed.sockets.unfinished(bytes);
        });
        let messages = Arc::new(MessageRules { deadline: message_deadline, budget });
        let observed = Arc::clone(&metrics);
        let queued = SharedBudget::new(queued_bytes, move |bytes| observed.sockets.queued(bytes));
        Self { frames, messages, max_outgoing, queued, close_timeout, metrics }
    }
}

/// Accepts the upgrade and starts the actor that `make` creates, on this worker's thread.
///
/// # Errors
/// When the request is not a WebSocket upgrade.
pub(crate) fn open<A>(
    request: &HttpRequest,
    payload: Payload,
    rules: &SocketRules,
    make: impl FnOnce(Outgoing) -> A,
) -> Result<HttpResponse, actix_web::Error>
where
    A: Actor<Context = SocketContext<A>> + StreamHandler<Received>,
{
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
        Message::Pong => ws::Message::Pong(bytes::Bytes::new()),
        Message::Close => ws::Message::Close(None),
    }
}

/// Interprets one message and answers pings. The guard bounds the number of pings; the pongs count as
/// data queued for the client.
pub(crate) fn understand<A>(
    outgoing: &mut Outgoing,
    received: Received,
    ctx: &mut SocketContext<A>,
) -> SocketEvent
where
    A: Actor<Context = SocketContext<A>>,
{
    match received {
        Ok(ws::Message::Text(text)) => SocketEvent::Text(text.into()),
        // Clients of the earlier system send text only; binary that is UTF-8 is accepted as well. Other
        // binary cannot be JSON; the parser then reports it with the error of part 1.
        Ok(ws::Message::Binary(bytes)) => {
            SocketEvent::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        Ok(ws::Message::Ping(payload)) => {
            if !outgoing.admits(payload.len()) {
                return SocketEvent::End(CloseReason::Policy);
            }
            outgoing.queued(payload.len());
            ctx.pong(&payload);
            SocketEvent::Nothing
        }
        Ok(ws::Message::Close(_)) => SocketEvent::End(CloseReason::Normal),
        Ok(_) => SocketEvent::Nothing,
        Err(error) => SocketEvent::End(reason_of(&error)),
    }
}

fn reason_of(error: &ProtocolError) -> CloseReason {
    let violation = match error {
        ProtocolError::Io(error) => error.get_ref().and_then(|it| it.downcast_ref::<Violation>()),
        _ => None,
    };
    violation.map_or(CloseReason::Protocol, |violation| violation.close_reason())
}

/// Sends the close frame.
pub(crate) fn close<A>(ctx: &mut SocketContext<A>, reason: CloseReason)
where
    A: Actor<Context = SocketContext<A>>,
{
    ctx.close(Some(close_reason(reason)));
}
