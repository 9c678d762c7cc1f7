//! A manual host on this machine that counts its requests, and can delay them until `heal`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::shop::MANUAL;

/// The host. It serves one manual under any path.
pub(crate) struct Host {
    address: SocketAddr,
    heals: watch::Sender<bool>,
    requests: Arc<AtomicUsize>,
}

impl Host {
    /// A host that accepts every connection and sends nothing.
    pub(crate) async fn that_hangs() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (heals, healed) = watch::channel(false);
        let requests: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(serve(caller, healed.clone(), Arc::clone(&count)));
            }
        });
        Self { address, heals, requests }
    }

    /// A host that responds at once.
    pub(crate) async fn that_answers() -> Self {
        let host = Self::that_hangs().await;
        host.heal();
        host
    }

    /// Number of requests for a manual.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Its name, for `manuals.allowed_hosts`.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    /// The address of its manual.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.html", self.address)
    }

    /// From now on it responds, also to waiting requests.
    pub(crate) fn heal(&self) {
        self.heals.send_replace(true);
    }
}

async fn serve(
    mut caller: TcpStream,
    mut healed: watch::Receiver<bool>,
    requests: Arc<AtomicUsize>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match caller.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    if healed.wait_for(|healed| *healed).await.is_err() {
        return;
    }
    let length = MANUAL.len();
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{MANUAL}"
    );
    // The client may have disconnected.
    let _ = caller.write_all(reply.as_bytes()).await;
}
