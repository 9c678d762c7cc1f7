//! Checks that involve more than one setting: conflicts, which are errors, and unlikely combinations, which are warnings.

use crate::rules::after_scheme;
use crate::{AnswererChoice, Settings, WebhookEndpoint, origin};

impl Settings {
    /// Warnings about valid but unlikely combinations, each with a remedy.
    pub fn warnings(&self) -> Vec<&'static str> {
        let shares_key = self.conversations.token_keys.iter().any(|key| key.reveal().is_some());
        let alone = self.redis.url.reveal().is_some() && !shares_key;
        let apart = self.redis.url.reveal().is_some() && self.archive.url.reveal().is_none();
        let key = alone.then_some(
            "redis.url is set and conversations.token_keys is not: no other pod lets a client of this one \
             go on with its conversation; set the same key everywhere, e.g. made by: openssl rand -hex 32",
        );
        let archive = apart.then_some(
            "redis.url is set and archive.url is not: each pod keeps an archive of its own, with accounts \
             of its own; set the same PostgreSQL everywhere, unless this is the only pod",
        );
        key.into_iter().chain(archive).collect()
    }
}

/// Memory of the largest picture of the protocol (4 MiB) with its base64, rounded up.
const LARGEST_IMAGE: usize = 10 * 1_048_576;

/// A valid value that conflicts with another setting.
pub(crate) struct CrossValidation {
    pub(crate) key: &'static str,
    pub(crate) expected: String,
}

/// The error for this key, unless the condition holds.
fn ensure(
    holds: bool,
    key: &'static str,
    expected: impl Into<String>,
) -> Result<(), CrossValidation> {
    if holds { Ok(()) } else { Err(CrossValidation { key, expected: expected.into() }) }
}

/// Checks that involve more than one setting.
pub(crate) fn cross_validate(settings: &Settings) -> Result<(), CrossValidation> {
    let server = &settings.server;
    for pattern in server.allowed_origins.iter().filter(|pattern| **pattern != origin::ANY) {
        // It would match no request: its pages would be refused without a hint.
        origin::normalize(pattern).map_err(|why| CrossValidation {
            key: "server.allowed_origins",
            expected: format!("origins as browsers send them; no browser sends {pattern:?}: {why}"),
        })?;
    }
    // Else a healthy client, which may be silent between two pings, would be closed.
    let ping = server.ping_interval_ms;
    ensure(
        server.idle_timeout_ms > ping,
        "server.idle_timeout_ms",
        format!("more than server.ping_interval_ms, which is {ping}"),
    )?;
    // Else one client could be evicted before it reaches its own limit.
    let of_client = server.outgoing_queue_bytes;
    ensure(
        server.queued_bytes >= of_client,
        "server.queued_bytes",
        format!("at least server.outgoing_queue_bytes, which is {of_client}"),
    )?;
    // Else the largest message could never be completed.
    let message = server.max_message_bytes;
    ensure(
        server.unfinished_message_bytes >= message,
        "server.unfinished_message_bytes",
        format!("at least server.max_message_bytes, which is {message}"),
    )?;
    // Less, and the largest picture is always refused; more, and the bound of the pod comes first.
    let (of_address, of_pod) =
        (settings.sessions.max_image_bytes_per_address, settings.sessions.max_image_bytes);
    ensure(
        of_address == 0 || (LARGEST_IMAGE..=of_pod).contains(&of_address),
        "sessions.max_image_bytes_per_address",
        format!("0, or from {LARGEST_IMAGE} to sessions.max_image_bytes, which is {of_pod}"),
    )?;
    let (has_cert, has_key) = (!server.tls.cert.is_empty(), !server.tls.key.is_empty());
    ensure(
        has_cert == has_key,
        if has_key { "server.tls.cert" } else { "server.tls.key" },
        "the path of a file, because a certificate and its key go together",
    )?;
    ensure(
        !server.proxy_protocol || !server.trusted_proxies.is_empty(),
        "server.trusted_proxies",
        "the proxies that send the PROXY header, because server.proxy_protocol is true",
    )?;
    // Else a client would be refused although its conversation still exists.
    let conversations = &settings.conversations;
    ensure(
        conversations.token_ttl_ms >= conversations.ttl_ms,
        "conversations.token_ttl_ms",
        format!("at least conversations.ttl_ms, which is {}", conversations.ttl_ms),
    )?;
    let (identity, openid) = (&settings.identity, &settings.identity.openid);
    ensure(
        identity.session_idle_ms <= identity.session_ms,
        "identity.session_idle_ms",
        format!("at most identity.session_ms, which is {}", identity.session_ms),
    )?;
    let is_used = !openid.issuer.is_empty();
    ensure(
        !is_used || !openid.client_id.is_empty(),
        "identity.openid.client_id",
        "our name at the provider, because identity.openid.issuer is set",
    )?;
    ensure(
        !is_used || !openid.admins.is_empty() || !openid.agents.is_empty(),
        "identity.openid.admins",
        "a value of the claim here or in identity.openid.agents, else no account can sign in with the provider",
    )?;
    ensure(
        !openid.issuer.starts_with("http://") || openid.allow_private,
        "identity.openid.issuer",
        "https://, or identity.openid.allow_private for a provider on this machine",
    )?;
    let hooks = &settings.webhooks;
    let initial = hooks.backoff_initial_ms;
    ensure(
        hooks.backoff_max_ms >= initial,
        "webhooks.backoff_max_ms",
        format!("at least webhooks.backoff_initial_ms, which is {initial}"),
    )?;
    let is_open = |endpoint: &WebhookEndpoint| {
        after_scheme(&endpoint.url, &["http"]).is_some_and(|rest| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            !hooks.allowed_hosts.iter().any(|allowed| allowed == host || allowed == name)
        })
    };
    // Else messages of visitors would be sent unencrypted.
    ensure(
        !hooks.endpoints.iter().any(is_open),
        "webhooks.endpoints",
        "https:// in each url, or its host in webhooks.allowed_hosts",
    )?;
    let twice = |(at, endpoint): (usize, &WebhookEndpoint)| {
        hooks.endpoints.iter().take(at).any(|before| before.url == endpoint.url)
    };
    ensure(
        !hooks.endpoints.iter().enumerate().any(twice),
        "webhooks.endpoints",
        "each url once; one endpoint takes several events",
    )?;
    // One late heartbeat must not count as a death.
    let heartbeat = settings.pods.heartbeat_ms;
    ensure(
        settings.pods.expires_ms >= 3 * heartbeat,
        "pods.expires_ms",
        format!("at least three times pods.heartbeat_ms, which is {heartbeat}"),
    )?;
    let (answers, llm) = (&settings.answers, &settings.answers.llm);
    let asks_for_key = |host| llm.base_url.contains(host);
    let needs_key = answers.answerer == AnswererChoice::Llm
        && ["//generativelanguage.googleapis.com", "//api.openai.com"]
            .into_iter()
            .any(asks_for_key);
    ensure(
        !needs_key || llm.api_key.reveal().is_some(),
        "answers.llm.api_key",
        format!(
            "a key, because answers.answerer is llm and {} answers no request without one",
            llm.base_url
        ),
    )
}
