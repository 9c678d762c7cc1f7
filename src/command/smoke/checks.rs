//! The steps of the smoke test, in their order, over a socket and HTTP, and the table of their results.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};
use url::{Host, Url};

/// Questions that most manuals answer.
const QUESTIONS: [&str; 6] = [
    "How do I connect it?",
    "What are the specifications?",
    "How do I turn it on?",
    "How do I reset it to factory settings?",
    "What power supply does it need?",
    "How do I clean it?",
];
/// Products that are asked about until one answer cites a page.
const MOST_PRODUCTS: usize = 3;
/// Routes that only the team may use.
const CLOSED: [&str; 3] = ["/admin/pods", "/admin/settings", "/api/conversations"];

/// The installation under test.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) operations: Option<Url>,
    pub(super) product: Option<String>,
    pub(super) question: Option<String>,
    pub(super) timeout: Duration,
    pub(super) http: reqwest::Client,
    pub(super) tls: Arc<rustls::ClientConfig>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// An earlier step failed that this one needs.
    Skipped,
}

/// The result of a step.
#[derive(Debug, Serialize)]
pub(super) struct CheckResult {
    pub(super) check: &'static str,
    pub(super) outcome: Outcome,
    pub(super) milliseconds: u64,
    pub(super) detail: String,
}

/// Runs all steps. A failed one does not keep the others from running, unless they need it.
pub(super) async fn run(target: &Target) -> Vec<CheckResult> {
    let mut results = Vec::new();
    record(&mut results, "ready", ready(target)).await;
    record(&mut results, "page", page(target)).await;
    let mut visit = None;
    record(&mut results, "identify", async {
        let (opened, detail) = Visit::identify(target).await?;
        visit = Some(opened);
        Ok(detail)
    })
    .await;
    match &mut visit {
        Some(visit) => {
            record(&mut results, "ask", visit.ask(target)).await;
            record(&mut results, "resume", visit.resume(target)).await;
            record(&mut results, "handoff", visit.handoff()).await;
        }
        None => {
            let (outcome, milliseconds) = (Outcome::Skipped, 0);
            results.extend(["ask", "resume", "handoff"].map(|check| {
                let detail = "needs a socket".to_owned();
                CheckResult { check, outcome, milliseconds, detail }
            }));
        }
    }
    record(&mut results, "admin_closed", admin_closed(target)).await;
    record(&mut results, "metrics", metrics(target)).await;
    results
}

async fn record(
    results: &mut Vec<CheckResult>,
    check: &'static str,
    step: impl Future<Output = anyhow::Result<String>>,
) {
    let began = Instant::now();
    let (outcome, detail) = match step.await {
        Ok(detail) => (Outcome::Passed, detail),
        Err(error) => (Outcome::Failed, format!("{error:#}")),
    };
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    results.push(CheckResult { check, outcome, milliseconds, detail });
}

async fn get(target: &Target, base: &Url, path: &str) -> anyhow::Result<(StatusCode, String)> {
    let url = base.join(path)?;
    let response = target.http.get(url.clone()).send().await;
    let response = response.with_context(|| format!("{url} did not answer"))?;
    let status = response.status();
    let text = response.text().await.with_context(|| format!("{url} broke off"))?;
    Ok((status, text))
}

async fn ready(target: &Target) -> anyhow::Result<String> {
    let base = target.operations.as_ref().unwrap_or(&target.url);
    let (status, text) = get(target, base, "/ready").await?;
    ensure!(status.is_success(), "/ready answers {status}: {}", text.trim());
    Ok("the server takes visitors".to_owned())
}

async fn page(target: &Target) -> anyhow::Result<String> {
    let (status, text) = get(target, &target.url, "/").await?;
    ensure!(status.is_success(), "/ answers {status}");
    ensure!(text.contains("<script"), "/ is not the visitor's page");
    Ok(format!("{} bytes", text.len()))
}

/// A visitor's conversation.
struct Visit {
    socket: Socket,
    conversation: String,
    token: String,
    offset: u64,
    products: Vec<String>,
}

impl Visit {
    /// Opens the socket and types; the server names products.
    async fn identify(target: &Target) -> anyhow::Result<(Self, String)> {
        let mut socket = Socket::open(&target.url, &target.tls, target.timeout).await?;
        socket.send(&json!({ "type": "hello", "compact": true, "locale": "en" })).await?;
        let welcome = socket.wait_for("welcome", |it| it["type"] == "welcome").await?;
        socket.send(&json!({ "type": "typing", "content": "" })).await?;
        let sample = socket.wait_for("prediction", |it| it["type"] == "prediction").await?;
        let hits = sample["data"].as_array().map_or(&[][..], Vec::as_slice);
        let name = hits.first().and_then(|hit| hit["product"]["name"].as_str());
        let name = name.context("the catalog is empty")?.to_owned();
        socket.send(&json!({ "type": "typing", "content": name })).await?;
        let found = socket.wait_for("prediction", |it| it["type"] == "prediction").await?;
        let first = found["data"][0]["product"]["name"].as_str();
        ensure!(
            found["data"].as_array().is_some_and(|hits| !hits.is_empty()),
            "typing {name:?} finds nothing"
        );
        let detail = format!("typing {name:?} finds {:?}", first.unwrap_or_default());
        let with_manual = hits.iter().filter(|hit| hit["product"]["manual"] == true);
        let ids = with_manual.filter_map(|hit| hit["product"]["id"].as_str());
        let products = match &target.product {
            Some(product) => vec![product.clone()],
            None => ids.take(MOST_PRODUCTS).map(str::to_owned).collect(),
        };
        let visit = Self {
            socket,
            conversation: text(&welcome["conversation"]),
            token: text(&welcome["token"]),
            offset: welcome["offset"].as_u64().unwrap_or(0),
            products,
        };
        Ok((visit, detail))
    }

    /// Asks until an answer cites a page.
    async fn ask(&mut self, target: &Target) -> anyhow::Result<String> {
        ensure!(
            !self.products.is_empty(),
            "no product of the sample has a manual; name one with --product"
        );
        let questions: Vec<&str> = match &target.question {
            Some(question) => vec![question],
            None => QUESTIONS.to_vec(),
        };
        let mut last = String::new();
        for product in self.products.clone() {
            for question in &questions {
                let query = json!({ "type": "query", "product_id": product, "query": question,
                    "id": format!("smoke {product} {question}") });
                self.socket.send(&query).await?;
                let answer =
                    self.socket.wait_for("answer", |it| it["type"] == "final_answer").await?;
                self.offset = answer["offset"].as_u64().unwrap_or(self.offset);
                if let Some(page) = answer["citations"][0]["page"].as_u64() {
                    return Ok(format!("{question:?} about {product} cites page {page}"));
                }
                last = match answer["reason"].as_str() {
                    Some(reason) => reason.to_owned(),
                    None => answer["reason"].to_string(),
                };
            }
        }
        bail!("no answer cites a page; the last one says: {last}")
    }

    /// Loses the socket and resumes the conversation on another one.
    async fn resume(&mut self, target: &Target) -> anyhow::Result<String> {
        ensure!(!self.token.is_empty(), "the welcome has no token");
        let socket = Socket::open(&target.url, &target.tls, target.timeout).await?;
        drop(std::mem::replace(&mut self.socket, socket));
        let resume = json!({ "conversation": self.conversation, "token": self.token,
            "after": self.offset });
        self.socket.send(&json!({ "type": "hello", "compact": true, "resume": resume })).await?;
        let welcome = self.socket.wait_for("welcome", |it| it["type"] == "welcome").await?;
        ensure!(welcome["recovered"] == true, "not resumed: {}", text(&welcome["reason"]));
        self.token = text(&welcome["token"]);
        Ok(format!("conversation {} in epoch {}", self.conversation, welcome["epoch"]))
    }

    /// Requests a person, withdraws the request, and ends the conversation.
    async fn handoff(&mut self) -> anyhow::Result<String> {
        self.socket.send(&json!({ "type": "handoff", "reason": "smoke test" })).await?;
        let handoff = self.socket.wait_for("handoff", |it| it["type"] == "handoff").await?;
        let state = text(&handoff["state"]);
        ensure!(
            matches!(state.as_str(), "waiting" | "with_agent" | "unavailable"),
            "the state of the handoff is {state:?}"
        );
        if state != "unavailable" {
            self.socket.send(&json!({ "type": "handoff", "withdraw": true })).await?;
            let withdrawn = |it: &Value| it["type"] == "handoff" && it["state"] != "waiting";
            self.socket.wait_for("end of the handoff", withdrawn).await?;
        }
        self.socket.send(&json!({ "type": "bye" })).await?;
        Ok(match state.as_str() {
            "unavailable" => "no agent is there; the visitor may leave a message".to_owned(),
            _ => format!("{state}, and withdrawn"),
        })
    }
}

/// An open socket: JSON in, JSON out, each within the time limit.
struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    within: Duration,
}

impl Socket {
    async fn open(
        base: &Url,
        tls: &Arc<rustls::ClientConfig>,
        within: Duration,
    ) -> anyhow::Result<Self> {
        let mut url = base.join("ws").context("the address has no path for /ws")?;
        let scheme = if base.scheme() == "https" { "wss" } else { "ws" };
        // Both are schemes with a host, so the change is always allowed.
        let _ = url.set_scheme(scheme);
        let connector = Some(Connector::Rustls(Arc::clone(tls)));
        let opening = connect_async_tls_with_config(url.as_str(), None, true, connector);
        let opened = timeout(within, opening)
            .await
            .with_context(|| format!("{url} did not open within {within:?}"))?;
        let (stream, _) = opened.with_context(|| format!("{url} did not open"))?;
        Ok(Self { stream, within })
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let sending = self.stream.send(Message::text(message.to_string()));
        timeout(self.within, sending).await.context("the server does not read")??;
        Ok(())
    }

    /// The first message that satisfies `matches_message`; `what` names it in errors.
    async fn wait_for(
        &mut self,
        what: &str,
        matches_message: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let within = self.within;
        let found = async {
            loop {
                let message = self.receive().await?;
                if matches_message(&message) {
                    return Ok(message);
                }
                if message["type"] == "error" {
                    bail!("the server refused: {}", message["message"]);
                }
            }
        };
        timeout(within, found).await.with_context(|| format!("no {what} within {within:?}"))?
    }

    /// The next message. The caller bounds the wait.
    async fn receive(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).context("a frame is not JSON");
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    bail!("the server closed the socket with {}", u16::from(frame.code))
                }
                Some(Ok(Message::Close(None))) | None => bail!("the connection ended"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("the connection broke"),
            }
        }
    }
}

/// Strangers get nothing of the team's, also those who claim to come from the machine itself.
async fn admin_closed(target: &Target) -> anyhow::Result<String> {
    for path in CLOSED {
        for claims in [false, true] {
            let mut request = target.http.get(target.url.join(path)?);
            if claims {
                request = request
                    .header("x-forwarded-for", "127.0.0.1")
                    .header("x-real-ip", "127.0.0.1")
                    .header("forwarded", "for=127.0.0.1");
            }
            let status =
                request.send().await.with_context(|| format!("{path} did not answer"))?.status();
            ensure!(
                matches!(status.as_u16(), 401 | 403 | 404),
                "{path} answers {status} to a stranger"
            );
        }
    }
    Ok(format!("{} refuse strangers", CLOSED.join(", ")))
}

/// Metrics are complete where operations are, and not open to the public.
async fn metrics(target: &Target) -> anyhow::Result<String> {
    let (public, text) = get(target, &target.url, "/metrics").await?;
    if let Some(operations) = &target.operations {
        ensure!(!public.is_success(), "{}metrics is open to everyone", target.url);
        let (status, text) = get(target, operations, "/metrics").await?;
        ensure!(status.is_success(), "{operations}metrics answers {status}");
        return build_of(&text);
    }
    if is_loopback(&target.url) && public.is_success() {
        return build_of(&text);
    }
    ensure!(
        !public.is_success(),
        "{}metrics is open to everyone; set server.operations_listen, or close it at the proxy",
        target.url
    );
    Ok("closed to the public; not read without --operations".to_owned())
}

/// The version and the commit that the metrics name.
fn build_of(metrics: &str) -> anyhow::Result<String> {
    let line = metrics.lines().find(|line| line.starts_with("hsc_build_info{"));
    let labels = line.and_then(|line| line.split(['{', '}']).nth(1));
    Ok(labels.context("the metrics have no hsc_build_info")?.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The results for people.
pub(super) fn table(results: &[CheckResult]) -> String {
    let mut table = String::new();
    for CheckResult { check, outcome, milliseconds, detail } in results {
        let outcome = match outcome {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        // Writing to a string never fails.
        let _ = writeln!(table, "{check:<13} {outcome:<8} {milliseconds:>6} ms  {detail}");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_is_read_from_the_metrics() {
        let text = "# HELP x\nhsc_build_info{version=\"0.1.0\",commit=\"abc\"} 1\n";
        assert_eq!(build_of(text).expect("a build"), "version=\"0.1.0\",commit=\"abc\"");
        assert!(build_of("hsc_sessions 1").is_err());
    }

    #[test]
    fn only_loopback_addresses_may_show_their_metrics() {
        let is = |url: &str| is_loopback(&Url::parse(url).expect("an address"));
        assert!(is("http://127.0.0.1:8000") && is("http://[::1]:1") && is("http://localhost"));
        assert!(!is("http://10.0.0.1") && !is("https://chat.example.com"));
    }
}
