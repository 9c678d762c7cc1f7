//! A listening address: each connection from its acceptance to its end, and its bytes, plain or TLS.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive};
use actix_server::ServerBuilder;
use actix_service::{
    IntoServiceFactory as _, ServiceFactoryExt as _, fn_factory, fn_service, map_config,
};
use actix_web::dev::{AppConfig, HttpServiceFactory, Service, ServiceFactory as _};
use actix_web::{App, HttpResponse};
use hsc_conversation::ClientAddress;
use hsc_monitoring::Metrics;
use log::{debug, warn};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::{Connection, TrustedProxies};
use super::connections::{
    Admitted, Closed, ConnectionRefused, ConnectionState, Connections, Phase,
};
use super::proxy_protocol;
use super::tls::Certificate;

/// How long a closed connection waits for the client's close.
const DISCONNECT: Duration = Duration::from_secs(1);
/// Longest time for writing to a refused connection.
const REFUSAL: Duration = Duration::from_millis(500);

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
    /// Counts connections.
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
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let signal = shutdown.clone();
                    async move { signal.notified().await }
                })
                .keep_alive(KeepAlive::Timeout(deadlines.idle))
                .client_request_timeout(deadlines.header)
                .client_disconnect_timeout(DISCONNECT)
                .local_addr(address)
                .on_connect_ext(|stream: &Stream, data| {
                    data.insert(stream.connection);
                    data.insert(Arc::clone(&stream.state));
                })
                .h1(map_config(app, |()| AppConfig::default()));
            let http = Rc::new(http);
            fn_factory(move || {
                let (listener, http) = (Arc::clone(&listener), Rc::clone(&http));
                async move {
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
        let state = &admitted.state;
        tokio::select! {
            biased;
            why = state.closing(self.connections.deadlines) => {
                self.metrics.connections.closed(why.as_str());
                debug!(peer:%, reason = why.as_str(); "connection closed");
                if why == Closed::Evicted {
                    debug!(peer:%; "the server holds as many connections as it may");
                }
            }
            ended = async {
                // Boxed: a connection would have room for a handshake until its end.
                let stream = Box::pin(self.prepared(io, is_proxy, &admitted)).await?;
                http.call((stream, Some(peer))).await.map_err(Ended::from)
            } => match ended {
                Ok(()) => {}
                Err(Ended::Malformed { what, cause }) => {
                    self.metrics.connections.malformed(what);
                    debug!(peer:%, what, cause; "what a client sent cannot be understood");
                }
                Err(Ended::Refused(refused)) => self.metrics.connections.refused(refused.into()),
                Err(Ended::Failed(cause)) => warn!(cause; "an answer could not be sent to its end"),
                Err(Ended::Gone(cause)) => debug!(peer:%, cause; "connection lost"),
            }
        }
        drop(admitted);
        self.metrics.connections.ended();
        Ok(())
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

/// How a connection failed.
enum Ended {
    /// The bytes before HTTP are invalid.
    Malformed {
        what: &'static str,
        cause: String,
    },
    /// The client that the proxy named has too many connections.
    Refused(ConnectionRefused),
    Failed(String),
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = io!(self, poll_write_vectored, cx, bytes);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Tls(io) => io.is_write_vectored(),
        }
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
