//! `GET /admin/settings`: the current settings.

use actix_web::{HttpResponse, get, web};

use super::super::identity::Admin;
use super::super::{ApiError, Dependencies};

/// The current settings, nested as in the file; a secret is `"***"` if it is set and null if not. `changed` names
/// those that differ from the default, with the default.
#[utoipa::path(get, path = "/admin/settings", tag = "operations",
    responses((status = 200, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[get("/admin/settings")]
pub(crate) async fn settings(deps: web::Data<Dependencies>, _: Admin) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(&deps.settings)
}
