//! `/api/price/{query}`: the price of the best match, from its catalog entry.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOf, OneOfBuilder, Schema, Type};

use super::search::checked;
use super::{ApiError, ApiErrorCode, Dependencies};

/// Lowest confidence of a match: the search gives less to text that no product has.
const MIN_CONFIDENCE: u8 = 50;

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
    let deps = ObjectBuilder::new().schema_type(Type::Object).title(Some("PriceParts"));
    let plain = [Type::Number, Type::String].map(Object::with_type);
    plain.into_iter().fold(OneOf::builder().item(deps), OneOfBuilder::item).into()
}

/// The price of the product that matches the query.
#[utoipa::path(get, path = "/api/price/{query}", tag = "catalog", params(("query" = String, Path, description = "What a customer typed")),
    responses((status = 200, body = Price), (status = 404, body = ApiError)))]
#[get("/api/price/{query}")]
pub(super) async fn price(
    deps: web::Data<Dependencies>,
    query: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let query = checked("query", &query)?;
    let catalog = deps.catalog.load();
    let found = catalog.search(&query, 1);
    let Some(best) = found.first().filter(|best| best.confidence >= MIN_CONFIDENCE) else {
        return Err(ApiError::new(
            ApiErrorCode::NoMatch,
            "No product in the catalog is close to that.",
        ));
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
