//! `/admin/manuals`: the state of each product's manual, and fetching one again.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Path, Query};
use actix_web::{HttpResponse, get, post};
use hsc_actors::ports::EncoderHealth;
use hsc_actors::{Announced, Invalidate};
use hsc_catalogs::Product;
use hsc_conversation::answer::ManualRequest;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::{Page, PageRequest, ms};
use super::super::manuals::no_manual;
use super::super::products::no_such_product;
use super::super::{ApiError, ApiErrorCode, ApiResult, Dependencies, Deps};

/// Longest wait for a manual that is fetched again. Fetching and reading have limits of their own; this is how long a
/// person waits for a page.
const WAITS: Duration = Duration::from_secs(30);

/// The state of a manual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum State {
    /// Read, and in the cache.
    Open,
    /// On this machine, and not in the cache.
    #[serde(rename = "kept")]
    #[strum(serialize = "kept")]
    Stored,
    /// Neither.
    Unread,
    /// The last load failed.
    Failed,
    /// The catalog has none.
    #[default]
    None,
}

/// The manual of a product, as the page shows it.
#[derive(Debug, Default, Serialize)]
struct Row {
    product: Arc<str>,
    name: Arc<str>,
    brand: Arc<str>,
    state: State,
    /// Its source: an address, or a path below the catalog folder.
    url: Option<String>,
    /// Number of pages, if it was read here.
    pages: Option<usize>,
    /// Numbers of its scanned pages whose text is not recognized yet, if it is open.
    pending_pages: Vec<u32>,
    /// Numbers of its scanned pages that cannot be recognized, if it is open.
    unread_pages: Vec<u32>,
    /// Size of its file in bytes, if the file is here.
    bytes: Option<u64>,
    /// Time of the host's last confirmation of the file, or of its last write.
    fetched_at_ms: Option<u64>,
    /// Why the last read failed, or why an older copy is used.
    fault: Option<String>,
    /// Time at which the last load ended, successful or not.
    loaded_at_ms: Option<u64>,
    /// Number of its windows that are embedded, if they were needed since the start.
    embedded: Option<usize>,
    /// Number of its windows.
    windows: Option<usize>,
}

/// A page of manuals, and the state of the sentence encoder.
#[derive(Debug, Serialize)]
struct Manuals {
    #[serde(flatten)]
    page: Page<Row>,
    encoder: EncoderHealth,
}

/// The manuals of this pod by product, in pages: state, pages, bytes, time of fetch, fault. `text` is a part of a
/// product's name or id or of its brand; `state` is open, kept, unread, failed or none.
#[utoipa::path(tag = "operations",
    params(("text" = Option<String>, Query), ("state" = Option<String>, Query), ("limit" = Option<usize>, Query),
        ("after" = Option<String>, Query)),
    responses((status = 200, body = Object), (status = 400), Admin))]
#[get("/admin/manuals")]
pub(crate) async fn manuals(deps: Deps, _: Admin, params: Query<PageRequest>) -> ApiResult {
    let (limit, text, after) = (params.limit()?, params.text(), params.after.clone());
    let state = params
        .state()
        .map(str::parse::<State>)
        .transpose()
        .map_err(|_| ApiError::invalid("state is open, kept, unread, failed or none."))?;
    let encoder = deps.encoder.health();
    let catalog = deps.catalog.load();
    if after.as_ref().is_some_and(|id| catalog.product(id).is_none()) {
        let message = "after names no product any more; begin with the first page again.";
        return Err(ApiError::invalid(message));
    }
    // On the blocking pool: a page looks on disk, and a rare state is searched in the whole catalog.
    let found = web::block(move || {
        let begins = after.and_then(|id| catalog.products().iter().position(|it| *it.id == *id));
        let rest = catalog.products().iter().skip(begins.map_or(0, |at| at + 1));
        let named = rest.filter(|product| is_meant(product, &text));
        let rows = named.filter_map(|product| row(&deps, product, state));
        Page::of(rows.take(limit as usize + 1).collect(), limit, |row: &Row| {
            row.product.to_string()
        })
    })
    .await;
    let page = found.map_err(|error| ApiError::new(ApiErrorCode::Internal, error.to_string()))?;
    Ok(uncached_json(Manuals { page, encoder }))
}

fn is_meant(product: &Product, text: &str) -> bool {
    let has = |part: &str| part.to_lowercase().contains(text);
    text.is_empty() || has(&product.name) || has(&product.id) || has(&product.brand_name)
}

/// The row of a product, if its manual has the wanted state. Memory is checked first, and the disk only if needed.
fn row(deps: &Dependencies, product: &Product, state: Option<State>) -> Option<Row> {
    let mut row = Row {
        product: Arc::clone(&product.id),
        name: Arc::clone(&product.name),
        brand: Arc::clone(&product.brand_name),
        ..Row::default()
    };
    let Some(documentation) = product.documentation.clone() else {
        return state.is_none_or(|state| state == State::None).then_some(row);
    };
    let request = ManualRequest { documentation };
    let last = deps.manual_files.last_load(&request.documentation);
    let in_memory = match deps.pod.caches().manual(&request) {
        Some(Ok(manual)) => {
            row.pages = Some(manual.pages.len());
            row.pending_pages.clone_from(&manual.source.pending);
            row.unread_pages.clone_from(&manual.source.unread);
            (row.embedded, row.windows) = deps.encoder.progress(&manual.source.location).unzip();
            // Another pod may have read it: the earlier fault here is over.
            row.fault =
                last.as_ref().filter(|_| manual.source.stale).and_then(|it| it.fault.clone());
            Some(State::Open)
        }
        Some(Err(error)) => {
            row.fault = Some(error.to_string());
            Some(State::Failed)
        }
        None => {
            row.fault = last.as_ref().and_then(|it| it.fault.clone());
            row.fault.is_some().then_some(State::Failed)
        }
    };
    let on_disk = [State::Stored, State::Unread];
    let may_be = |state| match in_memory {
        Some(known) => known == state,
        None => on_disk.contains(&state),
    };
    if state.is_some_and(|state| !may_be(state)) {
        return None;
    }
    let cached = deps.manual_files.cached_file(&request.documentation);
    let otherwise = if cached.is_some() { State::Stored } else { State::Unread };
    row.state = in_memory.unwrap_or(otherwise);
    row.pages = row.pages.or(last.as_ref().and_then(|it| it.pages));
    row.loaded_at_ms = last.map(|it| ms(it.at));
    row.bytes = cached.map(|it| it.bytes);
    row.fetched_at_ms = cached.map(|it| ms(it.at));
    row.url = Some(request.documentation.url);
    state.is_none_or(|state| state == row.state).then_some(row)
}

/// Removes a product's manual on all pods, fetches it again and opens it here: `opened`, `failed`, or `opening` (202)
/// if that takes longer than half a minute.
#[utoipa::path(tag = "operations",
    responses((status = 200, body = Object), (status = 202, body = Object), Admin, (status = 404),
        (status = 503)))]
#[post("/admin/manuals/{product}/refetch")]
pub(crate) async fn refetch(deps: Deps, Admin(caller): Admin, product: Path<String>) -> ApiResult {
    let found = deps.catalog.load().product(&product).map(Arc::clone);
    let product = found.ok_or_else(no_such_product)?;
    let documentation = product.documentation.clone().ok_or_else(no_manual)?;
    caller.audit(&deps, "manual.refetch", &product.id, &documentation.url);
    let what = Invalidate::Manual(documentation.url.clone());
    let Announced { here, other_pods } = deps.pod.invalidate(what).await?;
    let opened = timeout(WAITS, deps.pod.caches().open(ManualRequest { documentation })).await;
    let outcome = match &opened {
        Ok(Ok(_)) => "opened",
        Ok(Err(_)) => "failed",
        Err(_) => "opening",
    };
    let shown = {
        let (deps, product) = (deps.clone(), Arc::clone(&product));
        web::block(move || row(&deps, &product, None)).await
    };
    let manual = shown.map_err(|error| ApiError::new(ApiErrorCode::Internal, error.to_string()))?;
    let mut answer = if opened.is_ok() { HttpResponse::Ok() } else { HttpResponse::Accepted() };
    Ok(answer.json(json!({
        "outcome": outcome, "manual": manual, "forgotten": here, "other_pods": other_pods,
    })))
}
