//! A language model on this machine that sends its words when a test allows it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Its answer to every question, word by word.
pub(crate) const WORDS: [&str; 12] = [
    "Hold ",
    "the ",
    "Menu ",
    "button ",
    "for ",
    "ten ",
    "seconds ",
    "until ",
    "it ",
    "shows ",
    "RST ",
    "[MANUAL: page 2].",
];

/// A language model endpoint under the control of a test.
pub(crate) struct Model {
    address: SocketAddr,
    words: usize,
    may_say: watch::Sender<usize>,
    requests: Arc<AtomicUsize>,
}

impl Model {
    /// A model that sends so many words of every answer and waits before the rest.
    pub(crate) async fn that_stops_after(words: usize) -> Self {
        Self::with(&WORDS, words).await
    }

    /// A model that sends these words at once.
    pub(crate) async fn that_says(words: &'static [&'static str]) -> Self {
        Self::with(words, words.len()).await
    }

    async fn with(all: &'static [&'static str], words: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (may_say, allowed) = watch::channel(words);
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                // The client may have disconnected.
                tokio::spawn(answer(caller, all, allowed.clone()));
            }
        });
        Self { address, words: all.len(), may_say, requests }
    }

    /// Sends all remaining words, also of running answers.
    pub(crate) fn goes_on(&self) {
        self.may_say.send_replace(self.words);
    }

    /// Number of requests.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// The settings of a server that uses it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let setting = |key: &str, value: String| (key.to_owned(), value);
        vec![
            setting("answers.answerer", "llm".to_owned()),
            setting("answers.llm.base_url", format!("http://{}/v1", self.address)),
            setting("answers.llm.first_token_timeout_ms", "60000".to_owned()),
            setting("answers.llm.timeout_ms", "120000".to_owned()),
            // A test asks more questions per second than visitors may; `model_cost` tests the limits.
            setting("answers.llm.answers_per_minute_per_conversation", "0".to_owned()),
            setting("answers.llm.answers_per_minute_per_client", "0".to_owned()),
            setting("answers.llm.answers_per_minute", "0".to_owned()),
            // Every answer comes from the model, none from the cache.
            setting("cache.answers.entries", "0".to_owned()),
        ]
    }
}

async fn answer(
    mut caller: TcpStream,
    words: &[&str],
    mut allowed: watch::Receiver<usize>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(caller.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    caller.read_exact(&mut body).await?;
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    caller.write_all(begin.as_bytes()).await?;
    for (at, word) in words.iter().enumerate() {
        if allowed.wait_for(|many| *many > at).await.is_err() {
            return Ok(());
        }
        let piece = json!({ "choices": [{ "delta": { "content": word } }] });
        caller.write_all(format!("data: {piece}\n\n").as_bytes()).await?;
    }
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    caller.write_all(format!("data: {end}\n\ndata: [DONE]\n\n").as_bytes()).await
}
