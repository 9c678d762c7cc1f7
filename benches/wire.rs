//! Latency of a keystroke over the wire: the real server, a real catalog, a client on the same machine.
//!
//! `cargo bench --bench wire` prints the latency of one connection and the throughput of a hundred,
//! each with 18,000 generated products and lean predictions. It measures and asserts nothing.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Products of the target ("Over the wire" in docs/performance.md).
const PRODUCTS: &str = "18000";
/// Keystrokes of the single connection: enough that p99 is based on hundreds.
const KEYSTROKES: usize = 20_000;
/// Keystrokes before the measurement, to warm up CPU caches and the pages of the index.
const WARM_UP: usize = 2_000;
/// Connections of the throughput measurement.
const CROWD: usize = 100;
/// Duration of the throughput measurement.
const CROWD_TYPES: Duration = Duration::from_secs(8);

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let texts = generate(folder.path());
    let server = Server::start(folder.path());
    println!("server: {} products, ready after {:.0?}", PRODUCTS, server.ready_after);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        alone(server.address, &texts).await;
        crowd(server.address, &texts).await;
    });
}

/// One visitor, one keystroke at a time.
async fn alone(address: SocketAddr, texts: &[String]) {
    let mut visitor = visitor(address).await;
    let mut bytes = 0;
    for text in texts.iter().cycle().take(WARM_UP) {
        bytes = type_in(&mut visitor, text).await;
    }
    let mut took: Vec<Duration> = Vec::with_capacity(KEYSTROKES);
    for text in texts.iter().cycle().skip(WARM_UP).take(KEYSTROKES) {
        let began = Instant::now();
        bytes += type_in(&mut visitor, text).await;
        took.push(began.elapsed());
    }
    // An extra reply would be attributed to the next keystroke, and every later time would be wrong.
    let late = tokio::time::timeout(Duration::from_millis(200), visitor.next()).await;
    assert!(late.is_err(), "more replies than keystrokes: {late:?}");
    println!(
        "1 connection: {} ({} bytes a prediction)",
        percentiles(&mut took),
        bytes / KEYSTROKES
    );
}

/// A hundred visitors, each of which types as soon as it has a reply.
async fn crowd(address: SocketAddr, texts: &[String]) {
    let until = Instant::now() + CROWD_TYPES;
    let began = Instant::now();
    let visitors = (0..CROWD).map(|number| async move {
        let mut visitor = visitor(address).await;
        let mut took = Vec::new();
        // Each starts at another product, so that they do not type the same text at the same time.
        for text in texts.iter().cycle().skip(number * texts.len() / CROWD) {
            let began = Instant::now();
            if began >= until {
                break;
            }
            type_in(&mut visitor, text).await;
            took.push(began.elapsed());
        }
        took
    });
    let mut took = futures::future::join_all(visitors).await.concat();
    let rate = took.len() as f64 / began.elapsed().as_secs_f64();
    println!("{CROWD} connections: {rate:.0} keystrokes/s, {}", percentiles(&mut took));
}

async fn visitor(address: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("an option of every TCP socket");
    let (mut socket, _) =
        client_async(format!("ws://{address}/ws"), stream).await.expect("the upgrade");
    let hello = r#"{"type":"hello","compact":true}"#;
    socket.send(Message::text(hello)).await.expect("the socket is open");
    socket.next().await.expect("a welcome").expect("a frame");
    socket
}

/// Sends one keystroke and waits for its prediction; returns its length.
async fn type_in(visitor: &mut WebSocketStream<TcpStream>, text: &str) -> usize {
    visitor.send(Message::text(text)).await.expect("the socket is open");
    loop {
        let frame = visitor.next().await.expect("the socket is open").expect("a frame");
        if let Message::Text(prediction) = frame {
            return prediction.len();
        }
    }
}

fn percentiles(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    format!("p50 {:.0?}, p99 {:.0?}", at(0.50), at(0.99))
}

/// Creates the catalog, and the messages of a client that types the name of every twentieth product.
fn generate(folder: &Path) -> Vec<String> {
    let made = Command::new(env!("CARGO_BIN_EXE_hsc"))
        .args(["catalog", "generate", "--brands", "130", "--products", PRODUCTS, "--seed", "1"])
        .arg(folder)
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("hsc runs").success(), "the catalog is made");
    let report = hsc_catalogs::load_dir(folder).expect("the catalog is there");
    let mut texts = Vec::new();
    for product in report.catalog.products().iter().step_by(20) {
        let name: Vec<char> = product.name.chars().collect();
        for typed in 1..=name.len().min(24) {
            let content: String = name[..typed].iter().collect();
            texts.push(serde_json::json!({ "type": "typing", "content": content }).to_string());
        }
    }
    texts
}

struct Server {
    child: Child,
    address: SocketAddr,
    ready_after: Duration,
}

impl Server {
    fn start(catalog: &Path) -> Self {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_hsc"))
            .arg("serve")
            .env("HSC__CATALOG__DIR", catalog)
            .env("HSC__SERVER__PORT", "0")
            .env("HSC__SERVER__MESSAGES_PER_SECOND", "100000")
            .env("HSC__SERVER__MESSAGE_BURST", "100000")
            .env("HSC__LOG__LEVEL", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let (_, address) = line.trim().rsplit_once("http://").expect("an address");
        Self { child, address: address.parse().expect("an address"), ready_after: began.elapsed() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
