//! A webhook endpoint on this machine: it stores the deliveries and responds as configured.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The signing secret of its deliveries.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A webhook request as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) text: String,
}

impl Delivery {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// True if the signature is that of this secret, checked as a receiver does.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let digits = secret.strip_prefix("whsec_").expect("a secret");
        let key = BASE64_STANDARD.decode(digits).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.text);
        self.headers["webhook-signature"].split(' ').any(|one| {
            let tag = one.strip_prefix("v1,").and_then(|tag| BASE64_STANDARD.decode(tag).ok());
            tag.is_some_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
        })
    }
}

/// A webhook endpoint on its own port.
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<ReceiverState>,
}

#[derive(Default)]
struct ReceiverState {
    deliveries: Mutex<Vec<Delivery>>,
    answers: Mutex<VecDeque<String>>,
}

impl Receiver {
    /// An endpoint with these responses, each the head of a response after its version, one after the other;
    /// then with 200. `hang` sends nothing.
    pub(crate) async fn that_answers(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answers = Mutex::new(answers.iter().map(|&it| it.to_owned()).collect());
        let state = Arc::new(ReceiverState { answers, ..ReceiverState::default() });
        let task_state = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(serve(caller, Arc::clone(&task_state)));
            }
        });
        Self { address, state }
    }

    /// The deliveries so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.lock().expect("no test panics under it").clone()
    }

    /// The event names of the deliveries so far.
    pub(crate) fn events(&self) -> Vec<String> {
        let event =
            |delivery: &Delivery| delivery.body()["type"].as_str().unwrap_or_default().to_owned();
        self.deliveries().iter().map(event).collect()
    }

    /// Its name, for `webhooks.allowed_hosts`.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The value of `webhooks.endpoints` with this endpoint, which subscribes to these events.
    pub(crate) fn taking(&self, events: &str) -> String {
        format!(r#"[{{url="{}",events=[{events}],secret="{SECRET}"}}]"#, self.url())
    }
}

async fn serve(caller: TcpStream, state: Arc<ReceiverState>) {
    // No deadline: it serves in a task that ends with the test.
    let mut caller = BufReader::new(caller);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        match caller.read_line(&mut line).await {
            Ok(read) if read > 0 && line != "\r\n" => head.push(line.trim_end().to_owned()),
            Ok(read) if read > 0 => break,
            _ => return,
        }
    }
    let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let headers: HashMap<String, String> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if caller.read_exact(&mut body).await.is_err() {
        return;
    }
    let text = String::from_utf8(body).expect("UTF-8");
    state.deliveries.lock().expect("no test panics under it").push(Delivery {
        path,
        headers,
        text,
    });
    let answer = state.answers.lock().expect("no test panics under it").pop_front();
    let answer = answer.unwrap_or_else(|| "200 OK".to_owned());
    if answer == "hang" {
        std::future::pending::<()>().await;
    }
    let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // The client may have disconnected.
    let _ = caller.write_all(answer.as_bytes()).await;
}
