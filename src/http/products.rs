//! `/api/products/{id}`: everything the catalog knows of one product.

use actix_web::{HttpResponse, get, web};
use hsc_actors::protocol::{ManualLink, OneProduct, PredictionContext};
use hsc_actors::session::{brand_json, whole_entry};
use hsc_catalogs::{DocumentationKind, Product};

use super::{Parts, Trouble, TroubleCode};

/// Everything the catalog knows of one product.
#[utoipa::path(get, path = "/api/products/{id}", tag = "catalog", params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, body = OneProduct), (status = 404, body = Trouble)))]
#[get("/api/products/{id}")]
pub(super) async fn one_product(
    parts: web::Data<Parts>,
    id: web::Path<String>,
) -> Result<HttpResponse, Trouble> {
    let catalog = parts.catalog.load();
    let product = catalog.product(&id).ok_or_else(no_such_product)?;
    Ok(HttpResponse::Ok().json(OneProduct {
        product: whole_entry(&catalog, product),
        brand: brand_json(&catalog, product),
        context: PredictionContext { related_items: catalog.related_items(product) },
        manual: manual_link(product),
    }))
}

pub(super) fn no_such_product() -> Trouble {
    Trouble::new(TroubleCode::NoSuchProduct, "The catalog has no product with this id.")
}

fn manual_link(of: &Product) -> Option<ManualLink> {
    let documentation = of.documentation.as_ref()?;
    let kind = match documentation.kind {
        DocumentationKind::Pdf => "pdf",
        DocumentationKind::Html => "html",
    };
    Some(ManualLink { url: format!("/manuals/{}", of.id), kind })
}
