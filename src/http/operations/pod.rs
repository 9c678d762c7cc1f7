//! `/admin/…`: this pod (its actors, sessions, settings and charts), the caches and visitors of all pods, and injected
//! faults.

use std::sync::Arc;

use actix_web::web::{Path, Query};
use actix_web::{HttpResponse, get, post};
use hsc_actors::supervision::{AskError, Fault};
use hsc_actors::{
    Announced, Charts, FaultNotInjected, Invalidate, Invalidated, OtherPods, Pods, SessionInfo,
    TreeReport,
};
use hsc_catalogs::Catalog;
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::{Page, PageRequest};
use super::super::request_body::JsonBody;
use super::super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Longest announcement, in characters: a page shows it in one or two lines.
const MOST_CHARACTERS: usize = 1_000;

/// A fault and the actor that gets it.
#[derive(Debug, Deserialize)]
pub(crate) struct FaultRequest {
    /// Name in the tree, e.g. `session.<key>`; `session` is every session.
    actor: String,
    #[serde(flatten)]
    fault: Fault,
}

/// The actors of this pod as a tree: name, state, restarts, last reason, mailbox depth, uptime.
#[utoipa::path(tag = "operations", responses((status = 200, body = TreeReport), Admin))]
#[get("/admin/actors")]
pub(crate) async fn actors(deps: Deps, _: Admin) -> HttpResponse {
    let tree: TreeReport = deps.pod.tree();
    uncached_json(tree)
}

/// All pods that this one knows, their sums, and whether the list is complete.
#[utoipa::path(tag = "operations", responses((status = 200, body = Pods), Admin))]
#[get("/admin/pods")]
pub(crate) async fn pods(deps: Deps, _: Admin) -> HttpResponse {
    let pods: Pods = deps.pod.pods();
    uncached_json(pods)
}

/// Drains this pod: it takes no new work, sends its clients to other pods and ends, as on SIGTERM.
#[utoipa::path(tag = "operations", responses((status = 202, body = Object), Admin))]
#[post("/admin/drain")]
pub(crate) async fn drain(deps: Deps, Admin(caller): Admin) -> HttpResponse {
    caller.audit(&deps, "pod.drain", deps.pod.pod(), "");
    let started = deps.drain.request();
    let within_ms = u64::try_from(started.within.as_millis()).unwrap_or(u64::MAX);
    let message = match started.is_first {
        true => {
            "No new sessions are taken. Clients are told to connect elsewhere once their running answer has ended; then the server ends."
        }
        false => "The server drains already.",
    };
    HttpResponse::Accepted().json(json!({
        "status": if started.is_first { "draining" } else { "draining already" },
        "sessions": started.sessions,
        "ends_within_ms": within_ms,
        "message": message,
    }))
}

/// Invalidates caches: `"all"`, or one of `{"product"|"manual"|"catalog_version": "…"}`.
#[utoipa::path(tag = "operations", request_body = Object,
    responses((status = 200, body = Object), Admin, (status = 503)))]
#[post("/admin/caches/invalidate")]
pub(crate) async fn invalidate(
    deps: Deps,
    Admin(caller): Admin,
    JsonBody(what): JsonBody<Invalidate>,
) -> ApiResult {
    caller.audit(&deps, "cache.invalidate", &format!("{what:?}"), "");
    let Announced { here, other_pods } = deps.pod.invalidate(what).await?;
    Ok(HttpResponse::Ok().json(Forgotten { here, other_pods }))
}

/// The entries that were removed on this pod, and whether the other pods were told.
#[derive(Debug, Serialize)]
struct Forgotten {
    #[serde(flatten)]
    here: Invalidated,
    /// `none`, `told` or `unreached`.
    other_pods: OtherPods,
}

/// An announcement to every connected client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    message: String,
}

/// Sends an announcement to every client on every pod: `{"message":"…"}`, at most 1,000 characters. Returns the
/// number of receivers on this pod, and whether the other pods were told.
#[utoipa::path(tag = "operations", request_body = Object,
    responses((status = 200, body = Object), (status = 400), Admin, (status = 503)))]
#[post("/admin/broadcast")]
pub(crate) async fn broadcast(
    deps: Deps,
    Admin(caller): Admin,
    JsonBody(Notice { message }): JsonBody<Notice>,
) -> ApiResult {
    if message.trim().is_empty() || message.chars().count() > MOST_CHARACTERS {
        let message = "message has to be a text of 1 to 1,000 characters.";
        return Err(ApiError::invalid(message));
    }
    caller.audit(&deps, "broadcast", "everybody", &message);
    let Announced { here, other_pods } = deps.pod.broadcast(message).await;
    Ok(HttpResponse::Ok().json(json!({ "heard": here, "other_pods": other_pods })))
}

/// Makes an actor fail, if the settings allow it: `{"actor":"cache.manuals.0","fault":"panic"}`.
#[utoipa::path(tag = "operations", request_body = Object,
    responses((status = 200, body = Object), (status = 400), Admin, (status = 404)))]
#[post("/admin/chaos")]
pub(crate) async fn chaos(
    deps: Deps,
    Admin(caller): Admin,
    JsonBody(FaultRequest { actor, fault }): JsonBody<FaultRequest>,
) -> ApiResult {
    if !deps.chaos {
        let message = "Faults on demand are off; chaos.enabled turns them on.";
        return Err(ApiError::new(ApiErrorCode::Forbidden, message));
    }
    warn!(actor:% = actor, fault:? = fault; "an operator makes an actor fail");
    caller.audit(&deps, "chaos", &actor, &format!("{fault:?}"));
    let reached = deps.pod.inject_fault(&actor, fault).await.map_err(|not| {
        let code = match not {
            FaultNotInjected::NoSuchActor => ApiErrorCode::NoSuchActor,
            FaultNotInjected::NotInASession => ApiErrorCode::InvalidRequest,
        };
        ApiError::new(code, format!("{actor}: {not}."))
    })?;
    Ok(HttpResponse::Ok().json(json!({ "told": reached })))
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        Self::new(ApiErrorCode::Full, format!("Not done just now: {error}."))
    }
}

/// The last ten minutes of this pod: rates, percentiles and gauges, one value every few seconds, null if
/// there is none.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object), Admin))]
#[get("/admin/series")]
pub(crate) async fn series(deps: Deps, _: Admin) -> HttpResponse {
    let charts: Charts = deps.pod.charts();
    uncached_json(charts)
}

/// The current settings, nested as in the file; a secret is `"***"` if it is set and null if not. `changed` names
/// those that differ from the default, with the default.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object), Admin))]
#[get("/admin/settings")]
pub(crate) async fn settings(deps: Deps, _: Admin) -> HttpResponse {
    uncached_json(&deps.settings)
}

/// A session as the page shows it.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    info: SessionInfo,
    product_name: Option<Arc<str>>,
    /// Age of the connection.
    connected_ms: u64,
}

/// The sessions of this pod, the newest first; `text` finds a key, or a part of a conversation, product, agent or address.
#[utoipa::path(tag = "operations",
    params(("text" = Option<String>, Query), ("limit" = Option<usize>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Object), (status = 400), Admin))]
#[get("/admin/sessions")]
pub(crate) async fn sessions(deps: Deps, _: Admin, params: Query<PageRequest>) -> ApiResult {
    let (limit, text) = (params.limit()?, params.text());
    let before = params.after.as_deref().map(str::parse::<u64>).transpose();
    let before =
        before.map_err(|_| ApiError::invalid("after has to be the next of the page before."))?;
    let found = deps.pod.sessions().page(before, limit as usize + 1, |info| is_meant(info, &text));
    let catalog = deps.catalog.load();
    let page = Page::of(found, limit, |info| info.key.to_string());
    let items: Vec<Shown> = page.items.into_iter().map(|info| shown(info, &catalog)).collect();
    Ok(uncached_json(Page { items, next: page.next }))
}

fn is_meant(info: &SessionInfo, text: &str) -> bool {
    let has = |part: &Option<Arc<str>>| {
        part.as_ref().is_some_and(|part| part.to_lowercase().contains(text))
    };
    text.is_empty()
        || info.key.to_string() == text
        || info.conversation.to_lowercase().contains(text)
        || has(&info.product)
        || has(&info.agent)
        || info.address.to_string().contains(text)
}

fn shown(info: SessionInfo, catalog: &Catalog) -> Shown {
    let product = info.product.as_ref().and_then(|id| catalog.product(id));
    Shown { product_name: product.map(|it| Arc::clone(&it.name)), connected_ms: info.open_ms, info }
}

/// Closes a session of this pod, with a close code after which its page does not reconnect.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object), Admin, (status = 404)))]
#[post("/admin/sessions/{key}/close")]
pub(crate) async fn close_session(deps: Deps, Admin(caller): Admin, key: Path<u64>) -> ApiResult {
    let key = key.into_inner();
    if !deps.pod.sessions().dismiss(key) {
        let message = format!("This pod has no session {key}; it may have ended just now.");
        return Err(ApiError::new(ApiErrorCode::NoSuchSession, message));
    }
    caller.audit(&deps, "session.close", &key.to_string(), "");
    Ok(HttpResponse::Ok().json(json!({ "closed": key })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_request_is_parsed() {
        let read =
            |text| serde_json::from_str::<FaultRequest>(text).map(|read| (read.actor, read.fault));
        let hang = read(r#"{"actor":"sessions","fault":"hang","ms":500}"#).unwrap();
        assert_eq!(hang, ("sessions".to_owned(), Fault::Hang { ms: 500 }));
        assert!(read(r#"{"actor":"sessions","fault":"dance"}"#).is_err());
    }
}
