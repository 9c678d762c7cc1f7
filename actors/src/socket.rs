//! The WebSocket itself: the only file that names actix-web-actors.
//!
//! That library writes into an unbounded queue and hands continuation frames up as they come. Both
//! are mended here: what is queued and not yet taken by the connection is counted ([`Outgoing`]), and
//! fragments are joined up to a bound. It can be exchanged for another library in this file alone.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use actix::Actor;
use actix::StreamHandler;
use actix_http::ws::Item;
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_web_actors::ws::{self, ProtocolError};
use futures::Stream;

use crate::protocol::CloseReason;

/// The context of an actor that is a socket.
pub(crate) type SocketContext<A> = ws::WebsocketContext<A>;
/// What arrives: a frame, or why there is none.
pub(crate) type Received = Result<ws::Message, ProtocolError>;

/// What a frame meant.
pub(crate) enum Heard {
    /// A whole text message.
    Text(String),
    /// A ping, a pong, a fragment.
    Nothing,
    /// The end, and the reason to give.
    End(CloseReason),
}

/// What is queued for a client and not yet taken by its connection, and the fragments it sent so far.
pub(crate) struct Outgoing {
    in_flight: Arc<AtomicUsize>,
    max_bytes: usize,
    max_message: usize,
    fragments: Option<BytesMut>,
}

impl Outgoing {
    /// True when so many more bytes may be queued. One message is always admitted to an empty queue.
    pub(crate) fn admits(&self, bytes: usize) -> bool {
        let in_flight = self.in_flight.load(Relaxed);
        in_flight == 0 || in_flight + bytes <= self.max_bytes
    }

    /// Counts what was queued.
    pub(crate) fn queued(&self, bytes: usize) {
        self.in_flight.fetch_add(bytes, Relaxed);
    }

    /// The count of what is queued. One thread changes it; any may read it.
    pub(crate) fn count(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.in_flight)
    }
}

/// Answers the upgrade and starts the actor that `make` makes, on this worker's thread.
///
/// # Errors
/// When the request is no WebSocket upgrade.
pub(crate) fn open<A>(
    request: &HttpRequest,
    payload: Payload,
    max_message: usize,
    max_outgoing: usize,
    make: impl FnOnce(Outgoing) -> A,
) -> Result<HttpResponse, actix_web::Error>
where
    A: Actor<Context = SocketContext<A>> + StreamHandler<Received>,
{
    let mut response = ws::handshake(request)?;
    let in_flight = Arc::new(AtomicUsize::new(0));
    let outgoing = Outgoing {
        in_flight: Arc::clone(&in_flight),
        max_bytes: max_outgoing,
        max_message,
        fragments: None,
    };
    let codec = actix_http::ws::Codec::new().max_size(max_message);
    let frames = ws::WebsocketContext::with_codec(make(outgoing), payload, codec);
    Ok(response.streaming(Drained { frames: Box::pin(frames), in_flight }))
}

/// Answers the upgrade only to say why there is no session: the close frame, and the end.
///
/// # Errors
/// When the request is no WebSocket upgrade.
pub(crate) fn turn_away(
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

/// Reads one frame, answers pings, joins fragments.
pub(crate) fn understand<A>(
    outgoing: &mut Outgoing,
    received: Received,
    ctx: &mut SocketContext<A>,
) -> Heard
where
    A: Actor<Context = SocketContext<A>>,
{
    match received {
        Ok(ws::Message::Text(text)) => Heard::Text(text.into()),
        // Clients of the earlier system send text only; binary that is UTF-8 is read all the same.
        Ok(ws::Message::Binary(bytes)) => text_of(&bytes),
        Ok(ws::Message::Ping(payload)) => {
            ctx.pong(&payload);
            Heard::Nothing
        }
        Ok(ws::Message::Pong(_) | ws::Message::Nop) => Heard::Nothing,
        Ok(ws::Message::Close(_)) => Heard::End(CloseReason::Normal),
        Ok(ws::Message::Continuation(item)) => join(outgoing, item),
        Err(ProtocolError::Overflow) => Heard::End(CloseReason::TooLarge),
        Err(_) => Heard::End(CloseReason::Policy),
    }
}

/// Sends the close frame.
pub(crate) fn close<A>(ctx: &mut SocketContext<A>, reason: CloseReason)
where
    A: Actor<Context = SocketContext<A>>,
{
    ctx.close(Some(close_reason(reason)));
}

fn join(outgoing: &mut Outgoing, item: Item) -> Heard {
    let (bytes, last) = match item {
        Item::FirstText(bytes) | Item::FirstBinary(bytes) => {
            outgoing.fragments = Some(BytesMut::new());
            (bytes, false)
        }
        Item::Continue(bytes) => (bytes, false),
        Item::Last(bytes) => (bytes, true),
    };
    let Some(fragments) = &mut outgoing.fragments else { return Heard::End(CloseReason::Policy) };
    // Before it is copied, so that many small fragments cannot add up past the bound either.
    if fragments.len() + bytes.len() > outgoing.max_message {
        return Heard::End(CloseReason::TooLarge);
    }
    fragments.extend_from_slice(&bytes);
    if !last {
        return Heard::Nothing;
    }
    outgoing.fragments.take().map_or(Heard::Nothing, |whole| text_of(&whole))
}

fn text_of(bytes: &[u8]) -> Heard {
    // What is not UTF-8 cannot be JSON; the parser then says so in the words of part 1.
    Heard::Text(String::from_utf8_lossy(bytes).into_owned())
}

/// The stream of frames on its way to the connection; what leaves is no longer in flight.
struct Drained<S> {
    frames: Pin<Box<S>>,
    in_flight: Arc<AtomicUsize>,
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for Drained<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.frames.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(_))) = &polled {
            // The library hands over all that was queued in one piece.
            self.in_flight.store(0, Relaxed);
        }
        polled
    }
}
