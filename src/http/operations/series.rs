//! `GET /admin/series`: the last ten minutes of this pod, for charts.

use actix_web::{HttpResponse, get, web};
use hsc_actors::Charts;

use super::super::identity::Admin;
use super::super::{ApiError, Dependencies};

/// The last ten minutes of this pod: rates, percentiles and gauges, one value every few seconds, null if
/// there is none.
#[utoipa::path(get, path = "/admin/series", tag = "operations",
    responses((status = 200, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError)))]
#[get("/admin/series")]
pub(crate) async fn series(deps: web::Data<Dependencies>, _: Admin) -> HttpResponse {
    let charts: Charts = deps.pod.charts();
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(charts)
}
