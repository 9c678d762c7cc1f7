//! One WebSocket: its source address, its messages, and small buffers; and the open files that sockets need.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use hsc_conversation::protocol::ClientSays;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

/// Read and write buffer of a socket. Frames here are small; the library's 128 KiB each would make
/// ten thousand sockets cost gigabytes.
const BUFFER_BYTES: usize = 4 * 1024;
/// Receive buffer of a slow reader: so small that the server notices at once.
const NARROW_BYTES: u32 = 4 * 1024;
/// Open files besides the sockets: the runtime, the terminal, the report.
const BESIDE: u64 = 64;

/// The server's address, and the local one.
#[derive(Debug, Clone)]
pub(super) struct Target {
    url: Url,
    addresses: Vec<SocketAddr>,
    tls: Arc<rustls::ClientConfig>,
}

/// Why a socket did not open, or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SocketError {
    /// The server closed it with this code.
    Closed(u16),
    /// It could not be opened, or broke; with a short description.
    Broken(String),
}

impl std::fmt::Display for SocketError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed(code) => write!(f, "closed with {code}"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

/// The fields of a message that the harness reads; the rest is skipped.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ReceivedMessage {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) recovered: Option<bool>,
    pub(super) conversation: Option<String>,
    pub(super) token: Option<String>,
    pub(super) after_ms: Option<u64>,
    /// Size of the frame in bytes.
    #[serde(skip)]
    pub(super) bytes: usize,
}

/// A message with its request id.
#[derive(Serialize)]
struct OutgoingMessage<'a> {
    #[serde(flatten)]
    message: &'a ClientSays,
    id: u64,
}

/// An open socket.
pub(super) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Target {
    /// Parses an address and resolves its host once: a run should not measure a name server.
    pub(super) async fn resolve(
        text: &str,
        tls: &Arc<rustls::ClientConfig>,
    ) -> Result<Self, String> {
        let url = socket_url(text)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let found = tokio::net::lookup_host((host.as_str(), port)).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|error| format!("cannot look up {host}: {error}"))?.collect();
        if addresses.is_empty() {
            return Err(format!("{host} has no address"));
        }
        Ok(Self { url, addresses, tls: Arc::clone(tls) })
    }

    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Opens a socket, from `source` if given.
    pub(super) async fn open(
        &self,
        source: Option<IpAddr>,
        narrow: bool,
    ) -> Result<Client, SocketError> {
        // An address of the same family as the source, if there is one.
        let fits =
            |address: &&SocketAddr| source.is_none_or(|it| it.is_ipv4() == address.is_ipv4());
        let Some(address) = self.addresses.iter().find(fits) else {
            return Err(SocketError::Broken("no address of the source's family".to_owned()));
        };
        let stream =
            connect(*address, source, narrow).await.map_err(|error| SocketError::of_io(&error))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            // No buffering: a keystroke is sent when it is typed.
            .write_buffer_size(0)
            .max_write_buffer_size(16 * 1024 * 1024);
        let tls = Some(Connector::Rustls(Arc::clone(&self.tls)));
        let opened =
            client_async_tls_with_config(self.url.as_str(), stream, Some(config), tls).await;
        opened.map(|(socket, _)| Client(socket)).map_err(SocketError::of)
    }
}

async fn connect(
    address: SocketAddr,
    source: Option<IpAddr>,
    narrow: bool,
) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if narrow {
        socket.set_recv_buffer_size(NARROW_BYTES)?;
    }
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Client {
    pub(super) async fn say(&mut self, message: &ClientSays, id: u64) -> Result<(), SocketError> {
        let text = serde_json::to_string(&OutgoingMessage { message, id })
            .expect("the wire types serialise");
        self.send(&text).await
    }

    /// The next message. Cancel safe: no data is lost.
    pub(super) async fn receive(&mut self) -> Result<ReceivedMessage, SocketError> {
        let text = self.receive_text().await?;
        let mut message: ReceivedMessage = serde_json::from_str(&text)
            .map_err(|_| SocketError::Broken("a frame that is no message".to_owned()))?;
        message.bytes = text.len();
        Ok(message)
    }

    /// Sends a frame as it is.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), SocketError> {
        self.0.send(Message::text(text)).await.map_err(SocketError::of)
    }

    /// The next text frame as it is. Cancel safe.
    pub(super) async fn receive_text(&mut self) -> Result<String, SocketError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    // 1005 is the code of a close frame without one.
                    return Err(SocketError::Closed(frame.map_or(1005, |frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(SocketError::of(error)),
                None => return Err(SocketError::Broken("the connection ended".to_owned())),
            }
        }
    }

    /// Closes the socket, and waits briefly for the reply.
    pub(super) async fn close(&mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.0.close(None)).await;
    }
}

impl SocketError {
    fn of(error: Error) -> Self {
        match error {
            Error::Http(response) => Self::Broken(format!("HTTP {}", response.status().as_u16())),
            Error::Io(error) => Self::of_io(&error),
            other => Self::Broken(other.to_string()),
        }
    }

    fn of_io(error: &std::io::Error) -> Self {
        Self::Broken(match error.kind() {
            std::io::ErrorKind::AddrNotAvailable => {
                "no port left at the source address; give another --source".to_owned()
            }
            _ => error.to_string(),
        })
    }
}

/// Accepts `host:8000`, `http://host:8000` and `wss://host/ws?x=y`.
fn socket_url(text: &str) -> Result<Url, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("ws://{text}") };
    let full = match full.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => full,
    };
    let mut url = Url::parse(&full).map_err(|error| format!("'{text}' is no address: {error}"))?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return Err(format!("'{text}' is neither ws, wss, http nor https"));
    }
    if url.path() == "/" {
        url.set_path("/ws");
    }
    Ok(url)
}

/// Raises the limit of open files to what `sockets` need.
///
/// # Errors
/// When the system refuses; the message says what to do.
pub fn allow_sockets(sockets: usize) -> Result<(), String> {
    let needed = sockets as u64 + BESIDE;
    let allowed = rlimit::increase_nofile_limit(needed)
        .map_err(|error| format!("cannot raise the limit of open files: {error}"))?;
    enough(needed, allowed)
}

fn enough(needed: u64, allowed: u64) -> Result<(), String> {
    if allowed >= needed {
        return Ok(());
    }
    Err(format!(
        "{needed} open files are needed and {allowed} allowed; run `ulimit -Hn {needed}` as root \
         first, or start `hsc load` several times with fewer users each"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_address_becomes_its_socket_address() {
        for (text, url) in [
            ("127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
            ("http://pod-1:8000/", "ws://pod-1:8000/ws"),
            ("https://help.example", "wss://help.example/ws"),
            ("ws://h:1/other?client_id=x", "ws://h:1/other?client_id=x"),
        ] {
            assert_eq!(socket_url(text).map(String::from).as_deref(), Ok(url), "{text}");
        }
        assert!(socket_url("ftp://h").expect_err("no socket").contains("neither"));
        assert!(socket_url("ws://").expect_err("no host").contains("is no address"));
    }

    #[test]
    fn a_message_carries_its_id_beside_its_fields() {
        let typing = ClientSays::Typing { content: "td-17".to_owned() };
        let text =
            serde_json::to_string(&OutgoingMessage { message: &typing, id: 7 }).expect("JSON");
        assert_eq!(text, r#"{"type":"typing","content":"td-17","id":7}"#);
    }

    #[test]
    fn unknown_fields_are_skipped() {
        let frame =
            r#"{"type":"final_answer","content":"","citations":[{"page":1}],"id":3,"offset":9}"#;
        let message: ReceivedMessage = serde_json::from_str(frame).expect("a message");
        assert_eq!(
            (message.kind.as_str(), message.id, message.offset),
            ("final_answer", Some(3), Some(9))
        );
    }

    #[test]
    fn a_few_sockets_are_always_allowed() {
        assert_eq!(allow_sockets(10), Ok(()));
    }

    #[test]
    fn a_limit_that_is_too_small_is_reported_with_a_remedy() {
        let error = enough(50_064, 20_000).expect_err("too few");
        assert!(error.contains("ulimit -Hn 50064"), "{error}");
    }
}
