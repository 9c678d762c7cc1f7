//! `/api/brands`: the brands of the catalog.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Dependencies;

/// The brands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Brands {
    /// Number of brands.
    total_brands: usize,
    /// Every `brand_identity` as its catalog has it, with `product_count`, by name.
    #[schema(value_type = Vec<Object>)]
    brands: Vec<Map<String, Value>>,
}

/// Every brand with its number of products, by name.
#[utoipa::path(get, path = "/api/brands", tag = "catalog", responses((status = 200, body = Brands)))]
#[get("/api/brands")]
pub(super) async fn brands(deps: web::Data<Dependencies>) -> HttpResponse {
    let catalog = deps.catalog.load();
    let brands: Vec<_> = catalog
        .brands()
        .map(|(brand, count)| {
            let mut entry = brand.entry.to_map();
            entry.insert("product_count".to_owned(), count.into());
            entry
        })
        .collect();
    HttpResponse::Ok().json(Brands { total_brands: brands.len(), brands })
}
