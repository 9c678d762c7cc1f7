//! A local manual host with the faults of real ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as the host saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub path: String,
    pub headers: HashMap<String, String>,
}

/// The host's response to a request.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    head: String,
    body: Vec<u8>,
    /// Bytes that are declared beyond the body.
    missing: usize,
    stalls: bool,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} X\r\n"),
            body: Vec::new(),
            missing: 0,
            stalls: false,
        }
    }

    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    pub(super) fn moved(to: impl std::fmt::Display) -> Self {
        Self::status(302).with("Location", to)
    }

    pub(super) fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Declares more than it sends, then closes.
    pub(super) fn cut_short(self) -> Self {
        Self { missing: 100, ..self }
    }

    /// Sends its body and then nothing, with the connection open.
    pub(super) fn stalled(self) -> Self {
        Self { missing: 100, stalls: true, ..self }
    }
}

/// A host that runs until it is dropped.
pub(super) struct Host {
    address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    busiest: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Host {
    /// Starts a host; `reply` gets the request and the number of earlier ones.
    pub(super) async fn start(
        reply: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (seen, busiest) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (reply, active) = (Arc::new(reply), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn({
            let (seen, busiest) = (seen.clone(), busiest.clone());
            async move {
                // Held here, so that stalled connections stay open as long as the host runs.
                let mut lines = tokio::task::JoinSet::new();
                while let Ok((line, _)) = listener.accept().await {
                    let (seen, busiest) = (seen.clone(), busiest.clone());
                    let (reply, active) = (reply.clone(), active.clone());
                    lines.spawn(async move {
                        let now = active.fetch_add(1, Ordering::SeqCst) + 1;
                        busiest.fetch_max(now, Ordering::SeqCst);
                        let _ = serve(line, &seen, &*reply).await;
                        active.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            }
        });
        Self { address, seen, busiest, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The maximum number of concurrent connections.
    pub(super) fn busiest(&self) -> usize {
        self.busiest.load(Ordering::SeqCst)
    }

    /// Stops the host: its port is closed.
    pub(super) async fn die(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    line: TcpStream,
    seen: &Mutex<Vec<Seen>>,
    reply: &(dyn Fn(&Seen, usize) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    // No deadline: it serves in a task that ends with the test.
    let mut line = BufReader::new(line);
    let mut first = String::new();
    line.read_line(&mut first).await?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        line.read_line(&mut header).await?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let request = Seen { path, headers };
    let before = {
        let mut seen = seen.lock().expect("not poisoned");
        seen.push(request.clone());
        seen.len() - 1
    };
    let Reply { head, body, missing, stalls } = reply(&request, before);
    let length = body.len() + missing;
    line.write_all(
        format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .await?;
    line.write_all(&body).await?;
    line.flush().await?;
    if stalls {
        std::future::pending::<()>().await;
    }
    Ok(())
}
