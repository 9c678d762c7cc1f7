//! `/metrics`: all metrics as Prometheus text.

use actix_web::{HttpResponse, get, web};

use super::Dependencies;

/// All metrics as Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/metrics")]
pub(super) async fn metrics(deps: web::Data<Dependencies>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .body(deps.metrics.render())
}
