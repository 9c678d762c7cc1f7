//! `GET /admin/settings`: the settings in force.

use actix_web::{HttpResponse, get, web};

use super::super::identity::Admin;
use super::super::{ApiError, Dependencies};

/// The settings in force, nested as in the file; a secret is `"***"` where it is set and null where it is not.
/// `changed` names those that are not as by default, with the default.
#[utoipa::path(get, path = "/admin/settings", tag = "operations",
    responses((status = 200, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[get("/admin/settings")]
pub(crate) async fn settings(deps: web::Data<Dependencies>, _: Admin) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(&deps.settings)
}
