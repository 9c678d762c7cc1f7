//! `/api/products/{id}`: the catalog's data of one product, and the scenarios that it is offered with.
//!
//! For a router the page does not ask whether it stands in a studio: a scenario changes the answer only for products
//! for music, recording or shows. The catalog entry may set it (`"scenarios": ["studio", "live"]`); else the category
//! and the names decide, and the interfaces in the specs (MIDI, DMX).

use actix_web::{HttpResponse, get, web};
use hsc_catalogs::{Product, Scenario};
use hsc_conversation::protocol::{ManualLink, OneProduct, PredictionContext};
use hsc_conversation::{brand_json, whole_entry};
use serde_json::Value;

use super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Words of a category or a name, in the singular, of products for the studio and for the stage.
const STUDIO_AND_LIVE: &[&str] =
    &["drum", "guitar", "microphone", "organ", "piano", "sampler", "sequencer", "synthesizer"];
/// The same for the studio alone.
const STUDIO: &[&str] = &["audio", "daw", "recording", "studio"];
/// The same for the stage alone.
const LIVE: &[&str] = &["concert", "lighting", "live", "stage"];
/// Interfaces in the specs of studio products.
const STUDIO_INTERFACES: &[&str] = &["adat", "midi"];
/// The same for stage products.
const LIVE_INTERFACES: &[&str] = &["dmx", "dmx512", "midi"];

/// The catalog's data of one product.
#[utoipa::path(tag = "catalog", params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, body = OneProduct), (status = 404)))]
#[get("/api/products/{id}")]
pub(super) async fn one_product(deps: Deps, id: web::Path<String>) -> ApiResult {
    let catalog = deps.catalog.load();
    let product = catalog.product(&id).ok_or_else(no_such_product)?;
    Ok(HttpResponse::Ok().json(OneProduct {
        product: whole_entry(&catalog, product),
        brand: brand_json(&catalog, product),
        context: PredictionContext { related_items: catalog.related_items(product) },
        manual: manual_link(product),
        scenarios: scenarios_of(product),
    }))
}

pub(super) fn no_such_product() -> ApiError {
    ApiError::new(ApiErrorCode::NoSuchProduct, "The catalog has no product with this id.")
}

fn manual_link(of: &Product) -> Option<ManualLink> {
    let documentation = of.documentation.as_ref()?;
    Some(ManualLink { url: format!("/manuals/{}", of.id), kind: documentation.kind })
}

/// The scenarios of a product; `general` is always the first.
fn scenarios_of(product: &Product) -> Vec<Scenario> {
    let entry = product.entry.to_map();
    let mut scenarios = vec![Scenario::General];
    if let Some(listed) = entry.get("scenarios").and_then(Value::as_array) {
        let says =
            |scenario: &Scenario| listed.iter().any(|it| it.as_str() == Some(scenario.as_str()));
        scenarios.extend([Scenario::Studio, Scenario::Live].into_iter().filter(says));
        return scenarios;
    }
    let names = [&*product.category, &*product.name].into_iter();
    let mut words: Vec<String> = Vec::new();
    for text in names.chain(product.aliases.iter().map(String::as_str)) {
        words_of(text, &mut words);
    }
    let mut specs: Vec<String> = Vec::new();
    if let Some(names) = entry.get("specs").and_then(Value::as_object) {
        for (name, value) in names {
            words_of(name, &mut specs);
            words_of(value.as_str().unwrap_or_default(), &mut specs);
        }
    }
    let has = |of: &[String], any: &[&str]| of.iter().any(|word| any.contains(&word.as_str()));
    let is_for_both = has(&words, STUDIO_AND_LIVE);
    if is_for_both || has(&words, STUDIO) || has(&specs, STUDIO_INTERFACES) {
        scenarios.push(Scenario::Studio);
    }
    if is_for_both || has(&words, LIVE) || has(&specs, LIVE_INTERFACES) {
        scenarios.push(Scenario::Live);
    }
    scenarios
}

/// The words of a text in lower case, without a plural `s`.
fn words_of(text: &str, words: &mut Vec<String>) {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    words.extend(parts.map(|part| {
        let word = part.to_lowercase();
        word.strip_suffix('s').map(str::to_owned).unwrap_or(word)
    }));
}

#[cfg(test)]
mod tests {
    use hsc_catalogs::load_files;
    use serde_json::{Value, json};

    use super::*;

    fn offered(entry: &Value) -> Vec<&'static str> {
        let file =
            json!({ "brand_identity": { "id": "acme", "name": "Acme" }, "products": [entry] });
        let report = load_files([("acme.json", file.to_string().as_str())]);
        scenarios_of(&report.catalog.products()[0]).into_iter().map(Scenario::as_str).collect()
    }

    #[test]
    fn a_scenario_is_offered_where_the_product_is_used_for_music_recording_or_shows() {
        let of = |category: &str, specs: Value| {
            offered(&json!({ "id": "p", "name": "Acme P", "category": category, "specs": specs }))
        };
        assert_eq!(of("Espresso Machine", json!({ "pump_bar": 15 })), ["general"]);
        assert_eq!(of("Router", json!({ "ports": "4 x LAN" })), ["general"]);
        assert_eq!(of("Stand Mixer", json!({})), ["general"]);
        assert_eq!(of("Digital Pianos", json!({})), ["general", "studio", "live"]);
        assert_eq!(of("Audio Interface", json!({})), ["general", "studio"]);
        assert_eq!(of("Moving Light", json!({ "control": "DMX512, RDM" })), ["general", "live"]);
        assert_eq!(of("Module", json!({ "midi": "DIN in/out" })), ["general", "studio", "live"]);
    }

    #[test]
    fn the_catalog_overrides_the_default_scenarios() {
        let entry = |scenarios: Value| json!({ "id": "p", "name": "P", "category": "Stage Piano", "scenarios": scenarios });
        assert_eq!(offered(&entry(json!([]))), ["general"]);
        assert_eq!(offered(&entry(json!(["live", "general", "garden"]))), ["general", "live"]);
    }
}
