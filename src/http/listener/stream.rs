//! The bytes of a connection, plain or TLS; records when they last moved.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::super::Connection;
use super::connections::ConnectionState;

/// The stream that the HTTP library reads and writes.
pub(crate) struct Stream {
    io: Io,
    pub(super) connection: Connection,
    pub(super) state: Arc<ConnectionState>,
}

pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn new(io: Io, connection: Connection, state: Arc<ConnectionState>) -> Self {
        Self { io, connection, state }
    }

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
        match &result {
            Poll::Pending => self.state.is_blocked(),
            // A flush without pending bytes moves none.
            Poll::Ready(_) => {}
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = io!(self, poll_shutdown, cx);
        self.written(result)
    }
}
