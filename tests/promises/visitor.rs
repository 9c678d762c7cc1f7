//! A client that speaks the raw frames and knows none of the server's types.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::eventually::in_time;

/// A visitor's end of a socket.
pub(crate) struct Visitor(WebSocketStream<TcpStream>);

impl Visitor {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        Self::over(stream, address, None).await.expect("the upgrade")
    }

    /// The same to a server that may be gone, or going.
    pub(crate) async fn try_to(address: SocketAddr) -> Result<Self, u16> {
        let Ok(stream) = TcpStream::connect(address).await else { return Err(0) };
        let request = format!("ws://{address}/ws").into_client_request().expect("a request");
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(_) => Err(0),
        }
    }

    /// From a program that is no page; the status where the server refuses it.
    pub(crate) async fn from_program(address: SocketAddr) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        Self::over(stream, address, None).await
    }

    /// From a page of this origin; the status where the server does not let it.
    pub(crate) async fn from_page(address: SocketAddr, origin: &str) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        Self::over(stream, address, Some(origin)).await
    }

    /// The status and `Retry-After` of a server that does not open the socket; nothing where it does.
    pub(crate) async fn refused(address: SocketAddr) -> Option<(u16, Option<String>)> {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
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

    /// Over a connection that takes in little while nobody reads.
    pub(crate) async fn with_narrow_ears(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        let stream = socket.connect(address).await.expect("the server accepts");
        Self::over(stream, address, None).await.expect("the upgrade")
    }

    /// With a request of its own.
    pub(crate) async fn asking(request: Request, address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        let (socket, _) =
            in_time("the upgrade", client_async(request, stream)).await.expect("the upgrade");
        Self(socket)
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
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the socket is open");
    }

    /// Says something that the server may not want to hear any more.
    pub(crate) async fn try_say(&mut self, message: Message) -> bool {
        self.0.send(message).await.is_ok()
    }

    /// Says one text in fragments.
    pub(crate) async fn say_in_pieces(&mut self, pieces: &[&str]) {
        for (at, piece) in pieces.iter().enumerate() {
            let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(piece.as_bytes().to_vec(), opcode, at + 1 == pieces.len());
            self.0.send(Message::Frame(frame)).await.expect("the socket is open");
        }
    }

    /// The next message; panics when the socket was closed.
    pub(crate) async fn hear(&mut self) -> Value {
        match self.next().await {
            Ok(message) => message,
            Err(code) => panic!("closed with {code:?} instead of a message"),
        }
    }

    /// The next message, or the close code.
    pub(crate) async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match in_time("a message", self.0.next()).await {
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
    }

    /// Everything up to the close, and its code.
    pub(crate) async fn until_closed(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut heard = Vec::new();
        loop {
            match self.next().await {
                Ok(message) => heard.push(message),
                Err(code) => return (heard, code),
            }
        }
    }

    /// Types, and hears the prediction.
    pub(crate) async fn type_in(&mut self, content: &str) -> Value {
        self.say(json!({ "type": "typing", "content": content })).await;
        let prediction = self.hear().await;
        assert_eq!(prediction["type"], "prediction", "{prediction}");
        prediction
    }

    /// Everything up to the end of one answer.
    pub(crate) async fn hear_answer(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|last: &Value| last["type"] != "final_answer") {
            heard.push(self.hear().await);
        }
        heard
    }
}

/// The words of `type`, in order, the same in a row once.
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
