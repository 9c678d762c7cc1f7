//! The OpenID provider: its addresses and its keys, fetched once an hour and when a new key appears.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hsc_config::{OpenIdSettings, Secret};
use hsc_conversation::BoxError;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use reqwest::{Client, RequestBuilder};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use crate::outbound::{Allowed, OutboundTls, Trust, check_address, client_builder};

/// Time limit of a request to the provider; the user sees an empty page meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest response. Discovery, keys and tokens have a few kilobytes.
const MOST_BYTES: usize = 256 * 1024;
/// How long addresses and keys are cached.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// Shortest interval of key fetches when a token names an unknown key: strangers can send such tokens.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Why the configured provider cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("identity.openid cannot be used: {0}")]
pub struct NoProvider(BoxError);

/// The configured provider.
pub(super) struct Provider {
    pub(super) settings: OpenIdSettings,
    client: Client,
    known: Mutex<Option<CachedDiscovery>>,
}

/// The provider's metadata, and when it was fetched.
#[derive(Clone)]
struct CachedDiscovery {
    about: Arc<DiscoveryDocument>,
    keys: Arc<JwkSet>,
    at: Instant,
}

/// The provider's metadata (OpenID Connect Discovery). Only the fields in use.
#[derive(Debug, Deserialize)]
pub(super) struct DiscoveryDocument {
    issuer: String,
    #[serde(deserialize_with = "address")]
    pub(super) authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

fn address<'de, D: Deserializer<'de>>(text: D) -> Result<Url, D::Error> {
    String::deserialize(text)?.parse().map_err(D::Error::custom)
}

/// The provider's token response.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    /// The provider, if one is configured.
    pub(super) fn new(
        settings: &OpenIdSettings,
        tls: &OutboundTls,
    ) -> Result<Option<Self>, NoProvider> {
        if settings.issuer.is_empty() {
            return Ok(None);
        }
        super::signature::with_ring();
        let trust = if settings.allow_private { Trust::Named } else { Trust::Public };
        // Without redirects: one would send the secret and the code to another host.
        let client = client_builder(trust, tls).timeout(PATIENCE).build();
        let client = client.map_err(|error| NoProvider(error.into()))?;
        Ok(Some(Self { settings: settings.clone(), client, known: Mutex::new(None) }))
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// The provider's metadata.
    pub(super) async fn about(&self) -> Result<Arc<DiscoveryDocument>, BoxError> {
        Ok(self.known(FRESH).await?.about)
    }

    /// The key with this id; without an id the only key.
    pub(super) async fn key(&self, name: Option<&str>) -> Result<Jwk, BoxError> {
        let find = |keys: &JwkSet| match name {
            Some(name) => keys.find(name).cloned(),
            None if keys.keys.len() == 1 => keys.keys.first().cloned(),
            None => None,
        };
        if let Some(key) = find(&self.known(FRESH).await?.keys) {
            return Ok(key);
        }
        // Providers rotate their keys; the new one may be a minute old.
        let key = find(&self.known(AGAIN_AFTER).await?.keys);
        key.ok_or_else(|| "the ID token names a key that the provider does not publish".into())
    }

    async fn known(&self, fresh: Duration) -> Result<CachedDiscovery, BoxError> {
        // Held during the request: concurrent sign-ins cause one request.
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < fresh) {
            return Ok(known.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let address = format!("{issuer}/.well-known/openid-configuration").parse()?;
        let about: DiscoveryDocument = self.json(self.client.get(self.may_ask(address)?)).await?;
        if about.issuer != self.settings.issuer {
            return Err(format!(
                "the provider calls itself {}, identity.openid.issuer says {}",
                about.issuer, self.settings.issuer
            )
            .into());
        }
        self.may_ask(about.authorization_endpoint.clone())?;
        let keys = self.json(self.client.get(self.may_ask(about.jwks_uri.clone())?)).await?;
        let learnt =
            CachedDiscovery { about: Arc::new(about), keys: Arc::new(keys), at: Instant::now() };
        Ok(known.insert(learnt).clone())
    }

    /// The ID token for a code.
    pub(super) async fn id_token(
        &self,
        code: &str,
        verifier: &str,
        back_to: &str,
    ) -> Result<String, BoxError> {
        let about = self.about().await?;
        let id = self.settings.client_id.as_str();
        let mut form_fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back_to),
            ("code_verifier", verifier),
        ];
        let mut request = self.client.post(self.may_ask(about.token_endpoint.clone())?);
        match Secret::reveal(&self.settings.client_secret) {
            Some(secret) if about.takes_basic() => {
                request = request.header("authorization", basic(id, secret));
            }
            Some(secret) => form_fields.extend([("client_id", id), ("client_secret", secret)]),
            None => form_fields.push(("client_id", id)),
        }
        let form =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(form_fields).finish();
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(form);
        Ok(self.json::<Tokens>(request).await?.id_token)
    }

    /// The address, if the settings allow a request to it.
    fn may_ask(&self, address: Url) -> Result<Url, BoxError> {
        if self.settings.allow_private {
            return Ok(address);
        }
        if address.scheme() != "https" || check_address(&address, &Allowed::default()).is_err() {
            return Err("an address of the provider is not https on the public internet; \
                identity.openid.allow_private would let it"
                .into());
        }
        Ok(address)
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, BoxError> {
        let mut response = request.header("accept", "application/json").send().await?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > MOST_BYTES {
                return Err("the provider's answer is too large".into());
            }
            body.extend_from_slice(&piece);
        }
        if !status.is_success() {
            // The body may repeat the code; only its error code is used.
            let word = serde_json::from_slice::<Refusal>(&body).map(|it| it.error);
            let word = word.unwrap_or_else(|_| "no reason".to_owned());
            return Err(format!("the provider answered {status}: {word}").into());
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl DiscoveryDocument {
    /// Basic is the default when the metadata does not say (OpenID Connect Discovery, section 3).
    fn takes_basic(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic")
    }
}

/// Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    format!("Basic {}", BASE64.encode(format!("{}:{}", encoded(id), encoded(secret))))
}
