//! `/health`, `/ready`, `/ping`, `/metrics`: the state of the server, for probes and monitoring.
//!
//! `/health` reports the process and is 200 while it lives, so that no probe restarts a server because of another
//! system's outage; `/ready` reports whether the pod takes new work.

use actix_web::{HttpResponse, get};
use hsc_actors::ports::EncoderHealth;
use serde::Serialize;
use utoipa::ToSchema;

use super::headers::{NO_STORE, uncached_json};
use super::{Dependencies, Deps};

/// The routes of this file, which monitoring systems call often.
pub(super) const PROBES: [&str; 4] = ["/health", "/ready", "/ping", "/metrics"];

/// The health of the server, with figures.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `healthy`, `degraded` (serves, but a part is missing) or `unhealthy` (takes no new work).
    status: &'static str,
    /// Why it is not healthy; none if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// True while Redis answers; also false if none is configured.
    redis_connected: bool,
    /// Resident memory as a percentage of the memory of the machine or the control group.
    memory_usage_percent: f64,
    /// Processor time since the last call as a percentage of one core.
    cpu_usage_percent: f64,
    /// The sentence encoder.
    encoder: EncoderHealth,
    /// Number of open sockets.
    active_connections: usize,
    /// Number of products in the catalog.
    product_count: usize,
    /// Seconds since the start.
    uptime_seconds: f64,
    /// Current time, RFC 3339.
    timestamp: String,
    /// Content hash of the catalog.
    catalog_version: String,
    /// Version of the server.
    version: &'static str,
}

/// The status alone, if the figures have an address of their own.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    status: &'static str,
}

/// Readiness for new work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready` or `not ready`.
    status: &'static str,
    /// Why it is not ready; none if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A sign of life.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Pong {
    /// Always true.
    pong: bool,
}

/// Health of the process; 200 while it lives.
#[utoipa::path(tag = "operations", responses((status = 200, body = Health)))]
#[get("/health")]
pub(super) async fn health(deps: Deps) -> HttpResponse {
    let reading = deps.process.read();
    let catalog = deps.catalog.load();
    let (status, reason) = standing(&deps);
    uncached_json(Health {
        status,
        reason,
        redis_connected: deps.redis.as_ref().is_some_and(|redis| redis.is_up()),
        memory_usage_percent: reading.memory_usage_percent,
        cpu_usage_percent: reading.cpu_usage_percent,
        encoder: deps.encoder.health(),
        active_connections: deps.pod.sessions().count(),
        product_count: catalog.products().len(),
        uptime_seconds: reading.uptime_seconds,
        timestamp: jiff::Timestamp::now().to_string(),
        catalog_version: catalog.version().to_owned(),
        version: crate::VERSION,
    })
}

/// The status alone, if `server.operations_listen` serves the details.
#[get("/health")]
pub(super) async fn health_status(deps: Deps) -> HttpResponse {
    uncached_json(Status { status: standing(&deps).0 })
}

fn standing(deps: &Dependencies) -> (&'static str, Option<String>) {
    match (not_ready(deps), degraded(deps)) {
        (Some(reason), _) => ("unhealthy", Some(reason)),
        (None, Some(reason)) => ("degraded", Some(reason)),
        (None, None) => ("healthy", None),
    }
}

/// Why this pod should get no new work; `None` if it should.
fn not_ready(deps: &Dependencies) -> Option<String> {
    let draining = deps.pod.sessions().is_draining().then(|| "draining".to_owned());
    let without_redis = || deps.redis_required.then(|| redis_fault(deps)).flatten();
    draining.or_else(|| deps.pod.unready_reason()).or_else(without_redis)
}

/// The missing part of a server that serves; `None` if none is missing.
fn degraded(deps: &Dependencies) -> Option<String> {
    let catalog_fault = || {
        let not_applied = deps.catalog_folder.reloader.last().not_applied?;
        Some(format!("the catalog is an old one: {not_applied}"))
    };
    let encoder_fault = || {
        let damage = deps.encoder.damage()?;
        Some(format!("answers are found by words alone: {damage}"))
    };
    redis_fault(deps).or_else(|| archive_fault(deps)).or_else(catalog_fault).or_else(encoder_fault)
}

fn redis_fault(deps: &Dependencies) -> Option<String> {
    let redis = deps.redis.as_ref()?;
    if let Some(why) = redis.refuses_login() {
        return Some(format!("Redis refuses the login of this pod: {why}"));
    }
    if !redis.is_up() {
        let away = "Redis does not answer: this pod stands on its own until it does";
        return Some(away.to_owned());
    }
    if let Some(why) = redis.refuses_writes() {
        return Some(format!("Redis takes no writes: {why}"));
    }
    let deaf = "messages between pods do not arrive: the bridge is down";
    (!deps.pod.bridge().is_up()).then(|| deaf.to_owned())
}

fn archive_fault(deps: &Dependencies) -> Option<String> {
    if let Some(why) = deps.pod.archive().excluded() {
        return Some(format!("nothing is written to the archive: {why}"));
    }
    let away = "the archive accepts no writes: chats continue, and records are written when it is available again";
    (!deps.pod.archive().is_up()).then(|| away.to_owned())
}

/// Whether this pod takes new work.
#[utoipa::path(tag = "operations", responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
#[get("/ready")]
pub(super) async fn ready(deps: Deps) -> HttpResponse {
    let (mut response, readiness) = match not_ready(&deps) {
        None => (HttpResponse::Ok(), Readiness { status: "ready", reason: None }),
        Some(reason) => (
            HttpResponse::ServiceUnavailable(),
            Readiness { status: "not ready", reason: Some(reason) },
        ),
    };
    response.insert_header(NO_STORE).json(readiness)
}

/// Whether the process answers.
#[utoipa::path(tag = "operations", responses((status = 200, body = Pong)))]
#[get("/ping")]
pub(super) async fn ping() -> HttpResponse {
    uncached_json(Pong { pong: true })
}

/// All metrics as Prometheus text.
#[utoipa::path(tag = "operations", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub(super) async fn metrics(deps: Deps) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header(NO_STORE)
        .body(deps.metrics.render())
}
