//! The catalog without a socket: `/api/search`, the search of the chat; `/api/price/{query}`, the price of the best
//! match; `/api/brands`.

use actix_web::{HttpResponse, get, web};
use hsc_conversation::predictions;
use hsc_conversation::protocol::Prediction;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOf, OneOfBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};

use super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Longest query, in characters: the same as for `typing` over the socket.
const QUERY_CHARS: usize = 1_000;
/// Default number of products, as for `typing`.
const DEFAULT_LIMIT: usize = 10;
/// Most products in a response: the number for an empty `typing`.
const MAX_LIMIT: usize = 50;
/// Lowest confidence of the match of a price: the search gives less to text that no product has.
const MIN_CONFIDENCE: u8 = 50;

/// The query.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The customer's text, at most 1,000 characters.
    #[param(max_length = 1000)]
    q: String,
    /// Most products in the response, 1 to 50; 10 when absent.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// The results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    /// Best first, in the form of a `compact` prediction.
    results: Vec<Prediction>,
}

/// The products that match the text, best first.
#[utoipa::path(tag = "catalog", params(Wanted), responses((status = 200, body = Results), (status = 400)))]
#[get("/api/search")]
pub(super) async fn search(deps: Deps, params: web::Query<Wanted>) -> ApiResult {
    let query = checked("q", &params.q)?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("'limit' must be from 1 to {MAX_LIMIT}");
        return Err(ApiError::invalid(message));
    }
    let catalog = deps.catalog.load();
    let found = catalog.search(&query, limit);
    Ok(HttpResponse::Ok().json(Results { results: predictions(&catalog, &found, true) }))
}

/// The price of a product.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Price {
    /// The product's id.
    product_id: String,
    /// Its name.
    name: String,
    /// Its brand.
    brand: String,
    /// The `price` of its catalog entry, unchanged.
    #[schema(schema_with = price_schema)]
    price: Value,
    /// How well the product matches the query, 0 to 100.
    confidence: u8,
}

/// A number in most catalogs; in some a text, or an object with a currency.
fn price_schema() -> Schema {
    let parts = ObjectBuilder::new().schema_type(Type::Object).title(Some("PriceParts"));
    let plain = [Type::Number, Type::String].map(Object::with_type);
    plain.into_iter().fold(OneOf::builder().item(parts), OneOfBuilder::item).into()
}

/// The price of the product that matches the query.
#[utoipa::path(tag = "catalog", params(("query" = String, Path, description = "What a customer typed")),
    responses((status = 200, body = Price), (status = 404)))]
#[get("/api/price/{query}")]
pub(super) async fn price(deps: Deps, query: web::Path<String>) -> ApiResult {
    let query = checked("query", &query)?;
    let catalog = deps.catalog.load();
    let found = catalog.search(&query, 1);
    let Some(best) = found.first().filter(|best| best.confidence >= MIN_CONFIDENCE) else {
        let message = "No product in the catalog is close to that.";
        return Err(ApiError::new(ApiErrorCode::NoMatch, message));
    };
    let price = best.product.entry.to_map().remove("price").filter(|price| !price.is_null());
    let Some(price) = price else {
        let message = format!("The catalog gives no price for {}.", best.product.name);
        return Err(ApiError::new(ApiErrorCode::NoPrice, message));
    };
    Ok(HttpResponse::Ok().json(Price {
        product_id: best.product.id.to_string(),
        name: best.product.name.to_string(),
        brand: best.product.brand_name.to_string(),
        price,
        confidence: best.confidence,
    }))
}

/// A query without control characters.
///
/// # Errors
/// If it is too long.
fn checked(name: &str, query: &str) -> ApiResult<String> {
    if query.chars().count() > QUERY_CHARS {
        let message = format!("'{name}' has more than {QUERY_CHARS} characters");
        return Err(ApiError::invalid(message));
    }
    Ok(query.chars().filter(|c| !c.is_control()).collect())
}

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
#[utoipa::path(tag = "catalog", responses((status = 200, body = Brands)))]
#[get("/api/brands")]
pub(super) async fn brands(deps: Deps) -> HttpResponse {
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
