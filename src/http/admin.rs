//! `/admin/…`: the actors of this pod, the caches and visitors of all pods, and injected faults.
//!
//! For signed-in admins and for programs with `admin.token` (`identity::guard`). Every change is audited.

use actix_web::{HttpResponse, get, post, web};
use hsc_actors::supervision::{AskError, Fault};
use hsc_actors::{
    Announced, FaultNotInjected, Invalidate, Invalidated, OtherPods, Pods, TreeReport,
};
use log::warn;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::body::JsonBody;
use super::identity::Admin;
use super::{ApiError, ApiErrorCode, Dependencies};
use crate::drain::DrainStarted;

/// Longest announcement, in characters: a page shows it in one or two lines.
const MOST_CHARACTERS: usize = 1_000;

/// A fault and the actor that gets it.
#[derive(Debug, Deserialize)]
pub(super) struct FaultRequest {
    /// Name in the tree, e.g. `session.<key>`; `session` is every session.
    actor: String,
    #[serde(flatten)]
    fault: Fault,
}

/// The actors of this pod as a tree: name, state, restarts, last reason, mailbox depth, uptime.
#[utoipa::path(get, path = "/admin/actors", tag = "operations",
    responses((status = 200, body = TreeReport), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[get("/admin/actors")]
pub(super) async fn actors(
    deps: web::Data<Dependencies>,
    _: Admin,
) -> Result<HttpResponse, ApiError> {
    let tree: TreeReport = deps.pod.tree();
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(tree))
}

/// All pods that this one knows, their sums, and whether the list is complete.
#[utoipa::path(get, path = "/admin/pods", tag = "operations",
    responses((status = 200, body = Pods), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[get("/admin/pods")]
pub(super) async fn pods(
    deps: web::Data<Dependencies>,
    _: Admin,
) -> Result<HttpResponse, ApiError> {
    let pods: Pods = deps.pod.pods();
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(pods))
}

/// Drains this pod: it takes no new work, sends its clients to other pods and ends, as on SIGTERM.
#[utoipa::path(post, path = "/admin/drain", tag = "operations",
    responses((status = 202, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[post("/admin/drain")]
pub(super) async fn drain(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
) -> Result<HttpResponse, ApiError> {
    caller.audit(&deps, "pod.drain", deps.pod.pod(), "");
    let DrainStarted { is_first, sessions, within } = deps.drain.request();
    let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
    let message = match is_first {
        true => {
            "No new sessions are taken. Clients are told to connect elsewhere once their running answer has ended; then the server ends."
        }
        false => "The server drains already.",
    };
    Ok(HttpResponse::Accepted().json(json!({
        "status": if is_first { "draining" } else { "draining already" },
        "sessions": sessions,
        "ends_within_ms": within_ms,
        "message": message,
    })))
}

/// Invalidates caches: `"all"`, or one of `{"product"|"manual"|"catalog_version": "…"}`.
#[utoipa::path(post, path = "/admin/caches/invalidate", tag = "operations", request_body = Object,
    responses((status = 200, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 503, body = ApiError)))]
#[post("/admin/caches/invalidate")]
pub(super) async fn invalidate(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    what: JsonBody<Invalidate>,
) -> Result<HttpResponse, ApiError> {
    let what = what.into_inner();
    caller.audit(&deps, "cache.invalidate", &format!("{what:?}"), "");
    let Announced { here, other_pods } = deps.pod.invalidate(what).await.map_err(down)?;
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
pub(super) struct Notice {
    message: String,
}

/// Sends an announcement to every client on every pod: `{"message":"…"}`, at most 1,000 characters. Returns the
/// number of receivers on this pod, and whether the other pods were told.
#[utoipa::path(post, path = "/admin/broadcast", tag = "operations", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = ApiError),
        (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 503, body = ApiError)))]
#[post("/admin/broadcast")]
pub(super) async fn broadcast(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    notice: JsonBody<Notice>,
) -> Result<HttpResponse, ApiError> {
    let message = notice.into_inner().message;
    if message.trim().is_empty() || message.chars().count() > MOST_CHARACTERS {
        let message = "message has to be a text of 1 to 1,000 characters.";
        return Err(ApiError::new(ApiErrorCode::InvalidRequest, message));
    }
    caller.audit(&deps, "broadcast", "everybody", &message);
    let Announced { here, other_pods } = deps.pod.broadcast(message).await;
    Ok(HttpResponse::Ok().json(json!({ "heard": here, "other_pods": other_pods })))
}

/// Makes an actor fail, if the settings allow it: `{"actor":"cache.manuals.0","fault":"panic"}`.
#[utoipa::path(post, path = "/admin/chaos", tag = "operations", request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = ApiError),
        (status = 401, body = ApiError), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
#[post("/admin/chaos")]
pub(super) async fn chaos(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    rehearsal: JsonBody<FaultRequest>,
) -> Result<HttpResponse, ApiError> {
    if !deps.admin.chaos {
        let message = "Faults on demand are off; chaos.enabled turns them on.";
        return Err(ApiError::new(ApiErrorCode::Forbidden, message));
    }
    let FaultRequest { actor, fault } = rehearsal.into_inner();
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

fn down(error: AskError) -> ApiError {
    ApiError::new(ApiErrorCode::Full, format!("Not done just now: {error}."))
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
