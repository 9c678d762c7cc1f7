//! A configured endpoint: its address, its events, and its signing keys (Standard Webhooks: HMAC-SHA256 of id, time and
//! body).

use std::sync::atomic::AtomicU64;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hsc_config::WebhookEndpoint;
use ring::hmac;
use url::Url;

/// Prefix of every secret.
const PREFIX: &str = "whsec_";

/// Why a configured endpoint is invalid.
#[derive(Debug, thiserror::Error)]
pub enum NoEndpoint {
    /// The address cannot be parsed.
    #[error("webhooks.endpoints: an address cannot be read: {0}")]
    Address(url::ParseError),
    /// A secret is not in the format of Standard Webhooks.
    #[error(
        "webhooks.endpoints: a secret of {host} is not whsec_ and base64; make one by: echo whsec_$(openssl rand -base64 32)"
    )]
    Secret {
        /// The endpoint's host.
        host: String,
    },
}

/// An endpoint, and this pod's results with it.
pub(super) struct Endpoint {
    /// The configured address; deliveries in the archive refer to it.
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) events: Vec<String>,
    keys: RwLock<Keys>,
    pub(super) delivered: AtomicU64,
    /// Number of failed attempts.
    pub(super) failed: AtomicU64,
}

impl Endpoint {
    pub(super) fn of(settings: &WebhookEndpoint) -> Result<Self, NoEndpoint> {
        let url: Url = settings.url.parse().map_err(NoEndpoint::Address)?;
        let secrets = [&settings.secret, &settings.previous_secret];
        let keys = Keys::new(secrets.into_iter().filter_map(|secret| secret.reveal()));
        let host = || url.host_str().unwrap_or_default().to_owned();
        let keys = keys.ok_or_else(|| NoEndpoint::Secret { host: host() })?;
        Ok(Self {
            name: settings.url.clone(),
            url,
            events: settings.events.clone(),
            keys: RwLock::new(keys),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// Signs a delivery.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).sign(id, timestamp, body)
    }

    /// Signs with the keys of `other` from now on.
    pub(super) fn sign_as(&self, other: Self) {
        let keys = other.keys.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// True if the endpoint subscribes to this event.
    pub(super) fn takes(&self, event: &str) -> bool {
        self.events.iter().any(|taken| taken == "all" || taken == event)
    }

    /// Its host, for the log: the rest of an address may be a secret.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// The signing keys of an endpoint: one, or two during a rotation.
struct Keys(Vec<hmac::Key>);

impl Keys {
    /// None if a secret is not in the format of Standard Webhooks.
    fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Option<Self> {
        let key = |secret: &str| {
            let bytes = BASE64_STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
            Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        secrets.map(key).collect::<Option<_>>().map(Self)
    }

    /// The value of `webhook-signature`: one `v1,…` per key, separated by spaces. A receiver accepts any of them.
    fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let sign = |key| {
            let tag = hmac::sign(key, signed.as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref()))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret, message and signature of the specification of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_matches_the_specification() {
        let keys = Keys::new([SECRET].into_iter()).unwrap();
        assert_eq!(keys.sign(ID, 1_614_265_330, BODY), SIGNED);
    }

    #[test]
    fn during_a_rotation_both_secrets_sign() {
        let other = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
        let keys = Keys::new([other, SECRET].into_iter()).unwrap();
        let signed = keys.sign(ID, 1_614_265_330, BODY);
        let both: Vec<&str> = signed.split(' ').collect();
        assert_eq!((both.len(), both[1]), (2, SIGNED));
    }

    #[test]
    fn an_invalid_secret_is_refused() {
        for secret in ["hush", "whsec_hush!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(Keys::new([secret].into_iter()).is_none(), "{secret}");
        }
    }
}
