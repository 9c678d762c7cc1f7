//! A client that sends and receives raw frames, without the server's types.

use std::net::SocketAddr;
use std::panic::Location;
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::eventually::{PATIENCE, in_time};

/// A visitor's end of a socket.
///
/// Every wait has a deadline, and so has the whole life of the socket: a test that reads until a message
/// arrives ends even if other messages, or the pings of the server, never stop.
pub(crate) struct Visitor {
    socket: WebSocketStream<TcpStream>,
    until: Instant,
}

/// Longest life of a socket: no test lasts half as long on a busy machine.
const LIVES_FOR: Duration = Duration::from_secs(600);

impl Visitor {
    fn of(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, until: Instant::now() + LIVES_FOR }
    }

    pub(crate) async fn to(address: SocketAddr) -> Self {
        let stream = in_time("the server accepts", TcpStream::connect(address))
            .await
            .expect("the server accepts");
        Self::over(stream, address, None).await.expect("the upgrade")
    }

    /// The same to a server that may have ended, or is about to.
    pub(crate) async fn try_to(address: SocketAddr) -> Result<Self, u16> {
        let Ok(stream) = in_time("the server accepts", TcpStream::connect(address)).await else {
            return Err(0);
        };
        let request = format!("ws://{address}/ws").into_client_request().expect("a request");
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self::of(socket)),
            Err(_) => Err(0),
        }
    }

    /// From this local address: any of 127.0.0.0/8 is one.
    pub(crate) async fn at(address: SocketAddr, from: [u8; 4]) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((from, 0))).expect("an address of this machine");
        let stream = socket.connect(address).await.expect("the server accepts");
        Self::over(stream, address, None).await.expect("the upgrade")
    }

    /// From a program without an origin; the status if the server refuses it.
    pub(crate) async fn from_program(address: SocketAddr) -> Result<Self, u16> {
        let stream = in_time("the server accepts", TcpStream::connect(address))
            .await
            .expect("the server accepts");
        Self::over(stream, address, None).await
    }

    /// From a page of this origin; the status if the server refuses it.
    pub(crate) async fn from_page(address: SocketAddr, origin: &str) -> Result<Self, u16> {
        let stream = in_time("the server accepts", TcpStream::connect(address))
            .await
            .expect("the server accepts");
        Self::over(stream, address, Some(origin)).await
    }

    /// The status and `Retry-After` of a server that does not open the socket; `None` if it does.
    pub(crate) async fn refused(address: SocketAddr) -> Option<(u16, Option<String>)> {
        let stream = in_time("the server accepts", TcpStream::connect(address))
            .await
            .expect("the server accepts");
        let request = format!("ws://{address}/ws").into_client_request().expect("a request");
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok(_) => None,
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let retry = response.headers().get("retry-after");
                let retry = retry.map(|after| after.to_str().expect("text").to_owned());
                Some((response.status().as_u16(), retry))
            }
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    /// Over a connection with a small receive buffer.
    pub(crate) async fn with_narrow_ears(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        let stream = in_time("the server accepts", socket.connect(address))
            .await
            .expect("the server accepts");
        Self::over(stream, address, None).await.expect("the upgrade")
    }

    /// With this upgrade request.
    pub(crate) async fn asking(request: Request, address: SocketAddr) -> Self {
        let stream = in_time("the server accepts", TcpStream::connect(address))
            .await
            .expect("the server accepts");
        let (socket, _) =
            in_time("the upgrade", client_async(request, stream)).await.expect("the upgrade");
        Self::of(socket)
    }

    async fn over(
        stream: TcpStream,
        address: SocketAddr,
        origin: Option<&str>,
    ) -> Result<Self, u16> {
        use tokio_tungstenite::tungstenite::Error;
        let url = format!("ws://{address}/ws?client_id=test");
        let mut request = url.into_client_request().expect("a request");
        if let Some(origin) = origin {
            request.headers_mut().insert("Origin", origin.parse().expect("an origin"));
        }
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self::of(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        let sent = in_time("a message is sent", self.socket.send(Message::text(text))).await;
        sent.expect("the socket is open");
    }

    /// Sends a message that the server may not read any more.
    pub(crate) async fn try_say(&mut self, message: Message) -> bool {
        in_time("a message is sent", self.socket.send(message)).await.is_ok()
    }

    /// Sends one text in fragments.
    pub(crate) async fn say_in_pieces(&mut self, pieces: &[&str]) {
        for (at, piece) in pieces.iter().enumerate() {
            let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(piece.as_bytes().to_vec(), opcode, at + 1 == pieces.len());
            assert!(self.try_say(Message::Frame(frame)).await, "the socket is open");
        }
    }

    /// The next message; panics if the socket was closed.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> impl Future<Output = Value> {
        let at = Location::caller();
        async move {
            match self.next_for(at).await {
                Ok(message) => message,
                Err(code) => panic!("{at}: closed with {code:?} instead of a message"),
            }
        }
    }

    /// The next message, or the close code.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Result<Value, Option<u16>>> {
        self.next_for(Location::caller())
    }

    async fn next_for(&mut self, at: &Location<'_>) -> Result<Value, Option<u16>> {
        assert!(Instant::now() < self.until, "{at}: this socket is read for {LIVES_FOR:?} by now");
        // One deadline for the message: pings in between do not extend it.
        let received = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(&text).expect("every frame is JSON"));
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map(|frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        match tokio::time::timeout(PATIENCE, received).await {
            Ok(received) => received,
            Err(_) => panic!("{at}: no message within {PATIENCE:?}"),
        }
    }

    /// The next message that matches; earlier ones are skipped, and shown if it never arrives.
    #[track_caller]
    pub(crate) fn until(&mut self, is_it: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let at = Location::caller();
        async move {
            let mut received: Vec<Value> = Vec::new();
            let waited = async {
                loop {
                    match self.next_for(at).await {
                        Ok(message) if is_it(&message) => return Ok(message),
                        Ok(message) => received.push(message),
                        Err(code) => return Err(code),
                    }
                }
            };
            let why = match tokio::time::timeout(PATIENCE, waited).await {
                Ok(Ok(message)) => return message,
                Ok(Err(code)) => format!("the socket was closed with {code:?}"),
                Err(_) => format!("it did not come within {PATIENCE:?}"),
            };
            let received: Vec<String> = received.iter().map(Value::to_string).collect();
            panic!("{at}: waiting for a message: {why}; heard so far:\n{}", received.join("\n"));
        }
    }

    /// Everything up to the close, and its code.
    pub(crate) async fn until_closed(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut received = Vec::new();
        let closed = async {
            loop {
                match self.next().await {
                    Ok(message) => received.push(message),
                    Err(code) => return code,
                }
            }
        };
        let code = in_time("the socket is closed", closed).await;
        (received, code)
    }

    /// Types, and receives the prediction.
    pub(crate) async fn type_in(&mut self, content: &str) -> Value {
        self.say(json!({ "type": "typing", "content": content })).await;
        let prediction = self.receive().await;
        assert_eq!(prediction["type"], "prediction", "{prediction}");
        prediction
    }

    /// Everything up to the end of one answer.
    pub(crate) async fn receive_answer(&mut self) -> Vec<Value> {
        let mut received = Vec::new();
        let ended = async {
            while received.last().is_none_or(|last: &Value| last["type"] != "final_answer") {
                received.push(self.receive().await);
            }
        };
        in_time("the answer ends", ended).await;
        received
    }
}

/// The values of `type`, in order, consecutive equal ones once.
pub(crate) fn kinds(messages: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        messages.iter().map(|message| message["type"].as_str().expect("a type")).collect();
    kinds.dedup();
    kinds
}

/// The names of a message's fields, sorted.
pub(crate) fn fields(message: &Value) -> Vec<&str> {
    let mut fields: Vec<&str> =
        message.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}
