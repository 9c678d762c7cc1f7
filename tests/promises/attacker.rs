//! A hostile client that writes raw bytes to a TCP connection, without a WebSocket library.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::eventually::in_time;

/// A mask of zeros does not change the payload.
const MASK: [u8; 4] = [0; 4];

/// The kinds of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
pub(crate) enum Attack {
    /// Declares a frame of 2^63 - 1 bytes and sends as much of it as possible.
    HugeHeader,
    /// Sends empty pongs.
    PongFlood,
    /// Sends pings that need replies.
    PingFlood,
    /// Sends empty continuation frames.
    EmptyContinuations,
    /// Sends fragments of a message that never ends, and some pongs.
    UnfinishedFragments,
    /// Sends the body of a request byte by byte.
    SlowBody,
    /// Sends the header of a request byte by byte.
    SlowHeader,
}

impl Attack {
    /// Attacks once, until the server closes or the time is over. Returns true if the server closed.
    pub(crate) async fn run(self, address: SocketAddr, time: Duration) -> bool {
        let Ok(mut attacker) = Attacker::try_to(address).await else { return true };
        let attack = async {
            match self {
                Self::HugeHeader => {
                    attacker.upgrade("/ws").await?;
                    attacker.send(&header(0x81, u64::MAX >> 1)).await?;
                    attacker.repeat(&[0; 16_384], Duration::ZERO).await
                }
                Self::PongFlood => {
                    attacker.upgrade("/ws").await?;
                    attacker.repeat(&frame(0x8a, &[]).repeat(2_000), Duration::ZERO).await
                }
                Self::PingFlood => {
                    attacker.upgrade("/ws").await?;
                    attacker.repeat(&frame(0x89, b"answer me").repeat(1_000), Duration::ZERO).await
                }
                Self::EmptyContinuations => {
                    attacker.upgrade("/ws").await?;
                    attacker.send(&frame(0x01, &[b'x'; 100])).await?;
                    attacker.repeat(&frame(0x00, &[]).repeat(2_000), Duration::ZERO).await
                }
                Self::UnfinishedFragments => {
                    attacker.upgrade("/ws").await?;
                    attacker.send(&frame(0x01, &vec![b'x'; 1_048_576])).await?;
                    attacker.repeat(&frame(0x8a, &[]), Duration::from_secs(5)).await
                }
                Self::SlowBody => {
                    let head = "POST /api/sign-in HTTP/1.1\r\nhost: a\r\n\
                        content-type: application/json\r\ncontent-length: 500\r\n\r\n{";
                    attacker.send(head.as_bytes()).await?;
                    attacker.repeat(b" ", Duration::from_secs(1)).await
                }
                Self::SlowHeader => {
                    attacker.send(b"GET / HTTP/1.1\r\nhost: a\r\nx: ").await?;
                    attacker.repeat(b"x", Duration::from_secs(1)).await
                }
            }
        };
        let ended: Result<std::io::Result<()>, _> = tokio::time::timeout(time, attack).await;
        ended.is_ok()
    }
}

/// A TCP connection to the server.
pub(crate) struct Attacker(TcpStream);

impl Attacker {
    pub(crate) async fn try_to(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self(TcpStream::connect(address).await?))
    }

    /// Attacks over an open WebSocket.
    pub(crate) async fn on_socket(address: SocketAddr) -> Self {
        let mut attacker = Self::try_to(address).await.expect("the server accepts");
        attacker.upgrade("/ws").await.expect("the upgrade");
        attacker
    }

    /// The same over a connection with a small receive buffer.
    pub(crate) async fn with_small_buffer(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        let mut attacker = Self(socket.connect(address).await.expect("the server accepts"));
        attacker.upgrade("/ws").await.expect("the upgrade");
        attacker
    }

    /// Upgrades to a WebSocket and returns the head of the response.
    pub(crate) async fn upgrade(&mut self, path: &str) -> std::io::Result<String> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        );
        self.send(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        match head.starts_with("HTTP/1.1 101") {
            true => Ok(head),
            false => Err(std::io::Error::other(head)),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Sends the same bytes repeatedly until the server stops reading.
    async fn repeat(&mut self, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
        let (mut from_server, mut to_server) = self.0.split();
        let reading = async {
            let mut sink = [0; 4_096];
            while from_server.read(&mut sink).await? > 0 {}
            Ok(())
        };
        let writing = async {
            // No deadline: the caller bounds the attack.
            loop {
                to_server.write_all(bytes).await?;
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! { ended = reading => ended, ended = writing => ended }
    }

    /// Sends so many bytes, or as many as the server reads before it closes. Returns true if all were sent.
    pub(crate) async fn send_repeated(&mut self, bytes: &[u8], total: usize) -> bool {
        in_time("the server takes or refuses what is sent", async {
            for _ in 0..total.div_ceil(bytes.len()) {
                if self.send(bytes).await.is_err() {
                    return false;
                }
            }
            true
        })
        .await
    }

    /// The next frame of the server: its first byte and its payload; `None` at the end of the connection.
    pub(crate) async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        in_time("a frame of the server", async {
            let first = self.0.read_u8().await.ok()?;
            let length = match self.0.read_u8().await.ok()? {
                126 => usize::from(self.0.read_u16().await.ok()?),
                127 => usize::try_from(self.0.read_u64().await.ok()?).ok()?,
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.ok()?;
            Some((first, payload))
        })
        .await
    }

    /// The code of the close frame; `None` if the connection ends without one.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        // No deadline: each frame has its own.
        loop {
            let (first, payload) = self.next_frame().await?;
            if first == 0x88 {
                return Some(u16::from_be_bytes([*payload.first()?, *payload.get(1)?]));
            }
        }
    }

    /// True while the operating system holds the server's end of the connection, even if the process does not.
    pub(crate) fn is_known_to(&self, server: SocketAddr) -> bool {
        let here = self.0.local_addr().expect("it was connected");
        let ends = |local: SocketAddr, remote: SocketAddr| {
            format!(":{:04X} 0100007F:{:04X} ", local.port(), remote.port())
        };
        let connections = std::fs::read_to_string("/proc/net/tcp").expect("this is Linux");
        connections.contains(&ends(server, here))
    }

    /// Waits until the server has ended the connection.
    pub(crate) async fn until_ended(&mut self) {
        in_time("the server ends the connection", async {
            let mut sink = [0; 4_096];
            while !matches!(self.0.read(&mut sink).await, Ok(0) | Err(_)) {}
        })
        .await;
    }
}

/// A client's frame with this first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, payload.len() as u64), payload.to_vec()].concat()
}

/// The header of a client's frame that declares so many bytes.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..=125 => bytes.push(0x80 | length as u8),
        126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes
}
