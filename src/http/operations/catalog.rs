//! `/admin/catalog`: the content of the catalog, reloading it, and uploading brand files.

use actix_web::{HttpResponse, get, post, put, web};
use hsc_catalogs::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::guard::Admin;
use super::super::headers::uncached_json;
use super::super::list_query::ms;
use super::super::request_body::read_body;
use super::super::{ApiError, ApiErrorCode, ApiResult, Dependencies, Deps};
use crate::catalog_folder::{CatalogFileError, CatalogFileStored};

/// Largest brand file over HTTP, in bytes. The largest known one has 40 MB; it is in memory while it is checked, so a
/// larger one has to be copied into the folder.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Most problems and ids that are listed; a file that lacks a field everywhere has thousands.
const MOST_NAMED: usize = 500;

/// The problems as the page shows them.
fn wrong(problems: &[Problem]) -> Vec<Value> {
    let shown = |problem: &Problem| {
        json!({
            "file": problem.file,
            "problem": problem.to_string(),
            "severity": problem.severity,
            "product": problem.product_id,
            "field": problem.field,
        })
    };
    problems.iter().take(MOST_NAMED).map(shown).collect()
}

/// The current catalog: version, number of products, brands with their files, problems of the last load.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object), Admin))]
#[get("/admin/catalog")]
pub(crate) async fn catalog(deps: Deps, _: Admin) -> HttpResponse {
    shown(&deps)
}

/// Reloads the catalog of this pod from its folder. A broken catalog does not replace the current one: `kept`
/// has the reason.
#[utoipa::path(tag = "operations", responses((status = 200, body = Object), Admin))]
#[post("/admin/catalog/reload")]
pub(crate) async fn reload_catalog(deps: Deps, Admin(caller): Admin) -> HttpResponse {
    caller.audit(&deps, "catalog.reload", deps.pod.pod(), "");
    deps.catalog_folder.reloader.reload("an admin requested it").await;
    shown(&deps)
}

fn shown(deps: &Dependencies) -> HttpResponse {
    let reloader = &deps.catalog_folder.reloader;
    let last = reloader.last();
    let in_force = deps.catalog.load();
    let brands: Vec<_> = in_force
        .brands()
        .map(|(brand, products)| {
            let file = in_force.file_of_brand(&brand.id);
            json!({ "id": &*brand.id, "name": &*brand.name, "file": file, "products": products })
        })
        .collect();
    uncached_json(json!({
        "version": in_force.version(),
        "products": in_force.products().len(),
        "brands": brands,
        "problems": wrong(&last.problems),
        "problems_total": last.problems.len(),
        "kept": last.not_applied,
        "folder": reloader.dir().display().to_string(),
        "loaded_at_ms": ms(last.at),
    }))
}

/// Parameters of an upload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadQuery {
    /// True by default: writing has to be requested.
    #[serde(default = "yes")]
    dry_run: bool,
}

fn yes() -> bool {
    true
}

/// Checks a brand file in a copy of the catalog; with `dry_run=false` writes it into the folder of this
/// pod and reloads.
#[utoipa::path(tag = "operations", request_body = Object,
    params(("file" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 200, body = Object), (status = 400), Admin, (status = 409), (status = 413),
        (status = 422)))]
// Any path, so that a path traversal is refused with an error and not with a missing route.
#[put("/admin/catalog/files/{file:.*}")]
pub(crate) async fn place_file(
    deps: Deps,
    Admin(caller): Admin,
    file: web::Path<String>,
    query: web::Query<UploadQuery>,
    body: web::Payload,
) -> ApiResult {
    let (file, dry_run) = (file.into_inner(), query.dry_run);
    let text = text_of(body).await?;
    let placed = deps.catalog_folder.place(file.clone(), text, dry_run).await?;
    if placed.written {
        let trial = &placed.trial;
        let (added, changed) = (trial.added.len(), trial.changed.len());
        let detail = format!("{added} added, {changed} changed, {} removed", trial.removed.len());
        caller.audit(&deps, "catalog.file", &file, &detail);
    }
    Ok(HttpResponse::Ok().json(stored_json(&file, dry_run, &placed)))
}

fn stored_json(file: &str, dry_run: bool, placed: &CatalogFileStored) -> Value {
    let CatalogFileStored { trial, refused, written, before, not_applied } = placed;
    let named = |ids: &[String]| ids.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    let clash = |(id, file): &(String, String)| json!({ "id": id, "file": file });
    json!({
        "file": file,
        "dry_run": dry_run,
        "brand": trial.brand.as_ref().map(|it| json!({ "id": &*it.id, "name": &*it.name })),
        "products": trial.products,
        "added": named(&trial.added),
        "changed": named(&trial.changed),
        "removed": named(&trial.removed),
        "totals": {
            "added": trial.added.len(), "changed": trial.changed.len(), "removed": trial.removed.len(),
        },
        "clashes": trial.clashes.iter().take(MOST_NAMED).map(clash).collect::<Vec<_>>(),
        "problems": wrong(&trial.problems),
        "problems_total": trial.problems.len(),
        "refused": refused,
        "written": written,
        "before": before,
        "kept": not_applied,
        "version": trial.version,
    })
}

/// The body, bounded while it arrives.
async fn text_of(body: web::Payload) -> ApiResult<String> {
    let broken = |error| ApiError::invalid(format!("The file did not come whole: {error}."));
    let Some(bytes) = read_body(body, MOST_BYTES).await.map_err(broken)? else {
        let message = format!(
            "The file is larger than {MOST_BYTES} bytes; put it into the catalog folder by other means."
        );
        return Err(ApiError::new(ApiErrorCode::TooLarge, message));
    };
    String::from_utf8(bytes.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        ApiError::invalid(format!("The file is not UTF-8: byte {at} is no letter of it."))
    })
}

impl From<CatalogFileError> for ApiError {
    fn from(error: CatalogFileError) -> Self {
        let code = match &error {
            CatalogFileError::Name(_) => ApiErrorCode::InvalidRequest,
            CatalogFileError::Unfit(_) => ApiErrorCode::UnfitCatalog,
            CatalogFileError::NotWritable { .. } => ApiErrorCode::NotWritable,
        };
        Self::new(code, format!("Not written: {error}."))
    }
}
