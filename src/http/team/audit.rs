//! `/admin/audit`: the actions of the team.

use actix_web::{HttpResponse, get, web};
use hsc_actors::ports::archive::{AuditSearch, Audited, Paged};
use serde::Deserialize;

use super::super::identity::Admin;
use super::super::{ApiError, Dependencies};
use super::list_query::{archive_error, narrowed, piece, uncached_json, word};

/// Filter of the entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditFilter {
    /// Id of an account, or `token`, `command line` and the like.
    who: Option<String>,
    /// The action, e.g. `cache.invalidate`.
    action: Option<String>,
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    limit: Option<u32>,
    after: Option<String>,
}

/// The actions of agents and admins, the newest first. Absent parameters do not filter.
#[utoipa::path(get, path = "/admin/audit", tag = "operations",
    params(("who" = Option<String>, Query, description = "Id of an account, or `token`, `command line`"),
        ("action" = Option<String>, Query, description = "As `conversation.read`"),
        ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query),
        ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Paged<Audited>), (status = 400, body = ApiError), (status = 401, body = ApiError),
        (status = 403, body = ApiError), (status = 503, body = ApiError)))]
#[get("/admin/audit")]
pub(crate) async fn audit(
    _: Admin,
    deps: web::Data<Dependencies>,
    sought: web::Query<AuditFilter>,
) -> Result<HttpResponse, ApiError> {
    let AuditFilter { who, action, from_ms, to_ms, limit, after } = sought.into_inner();
    let search =
        AuditSearch { who: word(who), action: word(action), period: narrowed(from_ms, to_ms)? };
    let found = deps.archive.audit(search, piece(limit, after)?).await.map_err(archive_error)?;
    Ok(uncached_json(found))
}
