//! Prints the JSON Schema of every message on the wire.
//!
//! `web/scripts/wire-types.mjs` makes the browser's types from it: `npm run wire` in `web/`.

use serde_json::{Map, Value, json};

fn main() -> Result<(), serde_json::Error> {
    let mut defs = Map::new();
    for (name, schema) in hsc_actors::protocol::schemas() {
        defs.insert(name, serde_json::to_value(schema)?);
    }
    let document = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": Value::Object(defs) });
    // A document on its own keeps its types under `$defs`; an OpenAPI document, under `components`.
    let text =
        serde_json::to_string_pretty(&document)?.replace("#/components/schemas/", "#/$defs/");
    println!("{text}");
    Ok(())
}
