//! `/api/price/{query}`: what the best match costs, as its catalog entry says.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOf, OneOfBuilder, Schema, Type};

use super::search::checked;
use super::{ApiError, ApiErrorCode, Dependencies};

/// Confidence under which the best match is not what was asked for: the search gives less than this
/// to letters that no product has.
const MIN_CONFIDENCE: u8 = 50;

/// What a product costs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Price {
    /// The product's id.
    product_id: String,
    /// Its name.
    name: String,
    /// Its brand.
    brand: String,
    /// The `price` of its catalog entry as it stands there.
    #[schema(schema_with = price_schema)]
    price: Value,
    /// How well the product fits the query, 0 to 100.
    confidence: u8,
}

/// A number in most catalogs; some have a text, or an object with a currency.
fn price_schema() -> Schema {
    let deps = ObjectBuilder::new().schema_type(Type::Object).title(Some("PriceParts"));
    let plain = [Type::Number, Type::String].map(Object::with_type);
    plain.into_iter().fold(OneOf::builder().item(deps), OneOfBuilder::item).into()
}

/// What the product costs that a customer means by these letters.
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
