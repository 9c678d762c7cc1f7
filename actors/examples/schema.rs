//! Prints the JSON Schema of every message on the wire, and of the HTTP responses that the pages read.
//!
//! `web/scripts/wire-types.mjs` generates the browser's types from it: `npm run wire` in `web/`.

use hsc_actors::{Pods, TreeReport};
use hsc_conversation::protocol::{ManualSections, OneProduct};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

fn main() -> Result<(), serde_json::Error> {
    let mut defs = Map::new();
    for (name, schema) in hsc_conversation::protocol::schemas().into_iter().chain(http_schemas()) {
        defs.insert(name, serde_json::to_value(schema)?);
    }
    let document = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": Value::Object(defs) });
    // A JSON Schema document has its types under `$defs`; an OpenAPI document, under `components`.
    let text =
        serde_json::to_string_pretty(&document)?.replace("#/components/schemas/", "#/$defs/");
    println!("{text}");
    Ok(())
}

fn http_schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![
        (ManualSections::name().into_owned(), ManualSections::schema()),
        (OneProduct::name().into_owned(), OneProduct::schema()),
        (Pods::name().into_owned(), Pods::schema()),
        (TreeReport::name().into_owned(), TreeReport::schema()),
    ];
    ManualSections::schemas(&mut all);
    OneProduct::schemas(&mut all);
    Pods::schemas(&mut all);
    TreeReport::schemas(&mut all);
    all
}
