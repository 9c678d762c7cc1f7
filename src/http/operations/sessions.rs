//! `/admin/sessions`: the sessions of this pod, and closing one.

use std::sync::Arc;

use actix_web::{HttpResponse, get, post, web};
use hsc_actors::SessionInfo;
use hsc_catalogs::Catalog;
use serde::Serialize;
use serde_json::json;

use super::super::identity::Admin;
use super::super::{ApiError, ApiErrorCode, Dependencies};
use super::page::{Page, PageRequest, invalid};

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
#[utoipa::path(get, path = "/admin/sessions", tag = "operations",
    params(("text" = Option<String>, Query), ("limit" = Option<usize>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Object), (status = 400, body = ApiError), (status = 401, body = ApiError),
        (status = 403, body = ApiError)))]
#[get("/admin/sessions")]
pub(crate) async fn sessions(
    deps: web::Data<Dependencies>,
    _: Admin,
    params: web::Query<PageRequest>,
) -> Result<HttpResponse, ApiError> {
    let (limit, text) = (params.limit()?, params.text());
    let before = params.after.as_deref().map(str::parse::<u64>).transpose();
    let before = before.map_err(|_| invalid("after has to be the next of the page before."))?;
    let found = deps.pod.sessions().page(before, limit + 1, |info| is_meant(info, &text));
    let catalog = deps.catalog.load();
    let page = Page::of(found, limit, |info| info.key.to_string());
    let items: Vec<Shown> = page.items.into_iter().map(|info| shown(info, &catalog)).collect();
    let page = Page { items, next: page.next };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(page))
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
#[utoipa::path(post, path = "/admin/sessions/{key}/close", tag = "operations",
    params(("key" = u64, Path)),
    responses((status = 200, body = Object), (status = 401, body = ApiError), (status = 403, body = ApiError),
        (status = 404, body = ApiError)))]
#[post("/admin/sessions/{key}/close")]
pub(crate) async fn close_session(
    deps: web::Data<Dependencies>,
    Admin(caller): Admin,
    key: web::Path<u64>,
) -> Result<HttpResponse, ApiError> {
    let key = key.into_inner();
    if !deps.pod.sessions().dismiss(key) {
        let message = format!("This pod has no session {key}; it may have ended just now.");
        return Err(ApiError::new(ApiErrorCode::NoSuchSession, message));
    }
    caller.audit(&deps, "session.close", &key.to_string(), "");
    Ok(HttpResponse::Ok().json(json!({ "closed": key })))
}
