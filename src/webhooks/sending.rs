//! One attempt: a signed POST, and its result.

use std::time::Duration;

use hsc_actors::ports::archive::Delivery;
use hsc_config::WebhooksSettings;
use hsc_conversation::BoxError;
use hsc_conversation::now_seconds;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode};

use super::endpoint::Endpoint;
use crate::outbound::{
    AddressRefused, Allowed, NotPublic, OutboundTls, Trust, check_address, client_builder,
    not_public, retry_after,
};

/// Bytes of an error response that are read: enough to see the cause.
const ANSWER_BYTES: usize = 512;

/// The result of an attempt.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The endpoint has accepted it.
    Delivered,
    /// Failed, to be retried; the endpoint may have sent a `Retry-After`.
    Failed { why: String, retry_after: Option<Duration> },
    /// Failed for good: a retry is useless. With the metric label.
    Dead { why: String, reason: &'static str },
}

/// Sends requests to endpoints.
pub(super) struct Sender {
    allowed: Allowed,
    /// For configured hosts, at any address.
    named: Result<Client, BoxError>,
    /// For all other hosts, at public addresses only.
    public: Result<Client, BoxError>,
}

impl Sender {
    pub(super) fn new(settings: &WebhooksSettings, tls: &OutboundTls) -> Self {
        let client = |trust| {
            client_builder(trust, tls)
                .user_agent(concat!("HSC-JIT/", env!("CARGO_PKG_VERSION"), " (webhooks)"))
                .timeout(Duration::from_millis(settings.timeout_ms))
                .build()
                .map_err(BoxError::from)
        };
        Self {
            allowed: Allowed::new(&settings.allowed_hosts),
            named: client(Trust::Named),
            public: client(Trust::Public),
        }
    }

    /// One attempt, within the configured time limit.
    pub(super) async fn send(&self, endpoint: &Endpoint, delivery: &Delivery) -> Outcome {
        let client = match check_address(&endpoint.url, &self.allowed) {
            Ok(Trust::Named) => &self.named,
            Ok(Trust::Public) if endpoint.url.scheme() == "https" => &self.public,
            Ok(Trust::Public) => return forbidden("an address without TLS"),
            Err(AddressRefused::NoHost) => return forbidden("no address of a host"),
            Err(AddressRefused::NotPublic { address, .. }) => {
                return forbidden(&format!("{address} is not on the public internet"));
            }
        };
        let client = match client {
            Ok(client) => client,
            Err(error) => return Outcome::Failed { why: error.to_string(), retry_after: None },
        };
        let now = now_seconds();
        let request = client
            .post(endpoint.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", endpoint.sign(&delivery.id, now, &delivery.body))
            .body(delivery.body.clone());
        match request.send().await {
            Ok(response) => answered(response).await,
            Err(error) => match not_public(&error) {
                Some(NotPublic { address, .. }) => forbidden(&format!(
                    "its name lies at {address}, which is not on the public internet"
                )),
                None => Outcome::Failed { why: why(&error), retry_after: None },
            },
        }
    }
}

async fn answered(response: Response) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Delivered;
    }
    let retry_after = retry_after(response.headers());
    let words = beginning(response).await;
    let why = match (status.is_redirection(), words.is_empty()) {
        (true, _) => format!("{status}: redirects are not followed"),
        (false, true) => status.to_string(),
        (false, false) => format!("{status}: {words}"),
    };
    match status {
        StatusCode::GONE => Outcome::Dead { why, reason: "gone" },
        _ => Outcome::Failed { why, retry_after },
    }
}

/// The beginning of a response as text. The rest is never read.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES
        && let Ok(Some(piece)) = response.chunk().await
    {
        let room = ANSWER_BYTES - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    let text = String::from_utf8_lossy(&bytes);
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.collect::<String>().trim().to_owned()
}

fn forbidden(why: &str) -> Outcome {
    Outcome::Dead { why: format!("not asked: {why}"), reason: "forbidden" }
}

/// An error of the client in one line, without the address.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the endpoint did not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("the endpoint cannot be reached: {cause}")
}
