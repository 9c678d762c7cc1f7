//! A connection after a WebSocket handshake, without the HTTP library.
//!
//! For each connection the library holds two buffers of 8 KiB until it ends, and most sockets are idle. So it gives up
//! the connection with the request to upgrade: the same routes answer it, what the client sends is read here by the
//! payload of the request, and the body of the response is written here. Between messages nothing is stored.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::mem::{MaybeUninit, take};
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_codec::{Encoder as _, Framed, FramedParts};
use actix_http::error::PayloadError;
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response};
use actix_service::Service;
use actix_web::body::{BoxBody, MessageBody as _};
use bytes::{Buf as _, Bytes, BytesMut};
use futures::Stream;
use log::{debug, warn};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

/// How long a closed connection waits for the client's close.
pub(super) const DISCONNECT: Duration = Duration::from_secs(1);
/// Bytes read at once.
const READ: usize = 8 * 1_024;
/// Bytes of the body that are written at once, and one chunk more.
const WRITE: usize = 16 * 1_024;

/// Answers a request to upgrade with these routes and serves the connection until its end. A refused request is
/// answered too; the connection ends with the response, because what follows is no request.
pub(super) fn serve<A, S>(
    app: Rc<A>,
    request: Request,
    framed: Framed<S, Codec>,
) -> impl Future<Output = Result<(), Infallible>>
where
    A: Service<Request>,
    A::Response: Into<Response<BoxBody>>,
    A::Error: Into<Response<BoxBody>>,
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // Boxed: a connection would have room for its handshake until its end.
    let answered = Box::pin(answer(app, request, framed));
    async move {
        let ended = async {
            let (io, mut codec, body, head) = answered.await?;
            write(&io, &mut codec, pin!(body), head).await?;
            close(&io).await;
            Ok(())
        };
        match ended.await {
            Ok(()) => {}
            Err(Broken::Body(cause)) => warn!(cause:%; "an answer could not be sent to its end"),
            Err(Broken::Connection(cause)) => debug!(cause:%; "connection lost"),
        }
        Ok(())
    }
}

/// Takes the connection from the library and calls the routes; the head of the response, in bytes after those that were
/// still to be written, and its body.
async fn answer<A, S>(
    app: Rc<A>,
    mut request: Request,
    framed: Framed<S, Codec>,
) -> io::Result<(Rc<RefCell<S>>, Codec, BoxBody, BytesMut)>
where
    A: Service<Request>,
    A::Response: Into<Response<BoxBody>>,
    A::Error: Into<Response<BoxBody>>,
    S: AsyncRead + Unpin + 'static,
{
    // Responses to earlier requests may not have been written yet.
    let FramedParts { io, mut codec, read_buf, write_buf: mut head, .. } = framed.into_parts();
    let io = Rc::new(RefCell::new(io));
    let incoming = Incoming { first: Bytes::copy_from_slice(&read_buf), io: Rc::downgrade(&io) };
    drop(read_buf);
    *request.payload() = Payload::Stream { payload: Box::pin(incoming) };
    let (mut response, body) = match app.call(request).await {
        Ok(response) => response.into(),
        Err(error) => error.into(),
    }
    .into_parts();
    if !response.upgrade() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    codec.encode(Message::Item((response, body.size())), &mut head)?;
    Ok((io, codec, body, head))
}

/// What ended a connection before its response.
enum Broken {
    Body(Box<dyn std::error::Error>),
    Connection(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

/// What the client sends, read when the payload is polled. Ends with the connection.
struct Incoming<S> {
    /// What was read with the request.
    first: Bytes,
    io: Weak<RefCell<S>>,
}

impl<S: AsyncRead + Unpin> Stream for Incoming<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(take(&mut self.first))));
        }
        let Some(io) = self.io.upgrade() else { return Poll::Ready(None) };
        let mut space = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *io.borrow_mut()).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        // Copied to its length: what waits for the rest of a message has no room for a whole read.
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Bytes::copy_from_slice(bytes))))
    }
}

/// Writes the head, and each part of the body once it is there.
async fn write<S: AsyncWrite + Unpin>(
    io: &RefCell<S>,
    codec: &mut Codec,
    mut body: Pin<&mut BoxBody>,
    mut buffer: BytesMut,
) -> Result<(), Broken> {
    loop {
        let has_ended = poll_fn(|cx| {
            while buffer.len() < WRITE {
                match body.as_mut().poll_next(cx) {
                    Poll::Ready(Some(Ok(bytes))) => {
                        codec.encode(Message::Chunk(Some(bytes)), &mut buffer)?;
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Broken::Body(error))),
                    Poll::Ready(None) => {
                        codec.encode(Message::Chunk(None), &mut buffer)?;
                        return Poll::Ready(Ok(true));
                    }
                    Poll::Pending if buffer.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(false))
        })
        .await?;
        // Taken, so that no buffer is held until the next part.
        write_all(io, take(&mut buffer)).await?;
        if has_ended {
            return Ok(());
        }
    }
}

async fn write_all<S: AsyncWrite + Unpin>(io: &RefCell<S>, mut bytes: BytesMut) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_write(cx, &bytes)).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes.advance(written);
    }
    poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_flush(cx)).await
}

/// Ends the response, and reads until the client closes as well: the system would discard the last frames with the
/// connection if bytes of the client were not read.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(io: &RefCell<S>) {
    let closed = async {
        poll_fn(|cx| Pin::new(&mut *io.borrow_mut()).poll_shutdown(cx)).await?;
        loop {
            let read = poll_fn(|cx| {
                let mut space = [MaybeUninit::uninit(); READ];
                let mut buffer = ReadBuf::uninit(&mut space);
                let read = ready!(Pin::new(&mut *io.borrow_mut()).poll_read(cx, &mut buffer));
                Poll::Ready(read.map(|()| buffer.filled().len()))
            });
            if read.await? == 0 {
                return Ok::<_, io::Error>(());
            }
        }
    };
    let _ = timeout(DISCONNECT, closed).await;
}

#[cfg(test)]
mod tests {
    use actix_codec::Decoder as _;
    use actix_http::StatusCode;
    use actix_http::body::BodyStream;
    use actix_service::fn_service;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// A request to upgrade and this connection, as the library gives them up; `more` came with the request.
    fn given_up(io: DuplexStream, more: &str) -> (Request, Framed<DuplexStream, Codec>) {
        let head = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        let (mut codec, mut sent) = (Codec::default(), BytesMut::from(&*[head, more].concat()));
        let Ok(Some(Message::Item(request))) = codec.decode(&mut sent) else {
            panic!("a whole request");
        };
        (request, Framed::from_parts(FramedParts::with_read_buf(io, codec, sent)))
    }

    async fn echo(mut request: Request) -> Result<Response<BoxBody>, Response<BoxBody>> {
        let body = BoxBody::new(BodyStream::new(request.take_payload()));
        let mut response = Response::new(StatusCode::SWITCHING_PROTOCOLS).set_body(body);
        response.head_mut().set_connection_type(ConnectionType::Upgrade);
        Ok(response)
    }

    #[actix_web::test]
    async fn bytes_go_both_ways_from_those_that_came_with_the_request_to_the_end() {
        let (mut client, io) = duplex(1_024);
        let (request, framed) = given_up(io, "one, ");
        let talk = async {
            client.write_all(b"two").await.expect("it is read");
            client.shutdown().await.expect("it is open");
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("it ends");
            answer
        };
        let (_, answer) = tokio::join!(serve(Rc::new(fn_service(echo)), request, framed), talk);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\none, two"), "{answer}");
    }

    #[actix_web::test]
    async fn what_was_still_to_be_written_comes_before_the_response() {
        let (mut client, io) = duplex(1_024);
        let (request, framed) = given_up(io, "");
        let mut parts = framed.into_parts();
        parts.write_buf.extend_from_slice(b"earlier, ");
        let talk = async {
            client.shutdown().await.expect("it is open");
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("it ends");
            answer
        };
        let framed = Framed::from_parts(parts);
        let (_, answer) = tokio::join!(serve(Rc::new(fn_service(echo)), request, framed), talk);
        assert!(answer.starts_with("earlier, HTTP/1.1 101 "), "{answer}");
    }

    #[actix_web::test]
    async fn a_refused_request_is_answered_and_its_connection_ends() {
        let (mut client, io) = duplex(1_024);
        let (request, framed) = given_up(io, "");
        let refuse = fn_service(|_: Request| async {
            let refusal = Response::new(StatusCode::FORBIDDEN).set_body(BoxBody::new("no"));
            Err::<Response<BoxBody>, _>(refusal)
        });
        let talk = async {
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("it ends");
            drop(client);
            answer
        };
        let (_, answer) = tokio::join!(serve(Rc::new(refuse), request, framed), talk);
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nno"), "{answer}");
    }

    #[actix_web::test]
    async fn nothing_is_read_once_the_connection_has_ended() {
        let (client, io) = duplex(1_024);
        let io = Rc::new(RefCell::new(io));
        let mut incoming = Incoming { first: Bytes::new(), io: Rc::downgrade(&io) };
        drop(io);
        let next = poll_fn(|cx| Pin::new(&mut incoming).poll_next(cx)).await;
        assert!(next.is_none());
        drop(client);
    }
}
