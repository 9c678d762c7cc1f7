//! The messages of the socket as an AsyncAPI 3 document, made from the types that write them.

use hsc_actors::protocol::{CloseReason, schemas};
use serde_json::{Map, Value, json};

/// The document.
///
/// A message of it is one `type` of the wire: the variant's own schema and the envelope that stands
/// beside every message.
#[must_use]
pub fn asyncapi() -> Value {
    let schemas: Map<String, Value> = schemas()
        .into_iter()
        .map(|(name, schema)| {
            (name, serde_json::to_value(schema).expect("a schema is made of texts and numbers"))
        })
        .collect();
    let from_client = messages(&schemas, "ClientSays");
    let from_server = messages(&schemas, "ServerMessage");
    let names = |messages: &Map<String, Value>| -> Vec<Value> {
        messages
            .keys()
            .map(|name| json!({ "$ref": format!("#/channels/chat/messages/{name}") }))
            .collect()
    };
    let close_codes: Map<String, Value> = CloseReason::ALL
        .into_iter()
        .map(|reason| (reason.code().to_string(), reason.meaning().into()))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "HSC-JIT chat socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "JSON text frames over one WebSocket. docs/protocol.md tells what is said when.",
        },
        "defaultContentType": "application/json",
        "channels": { "chat": {
            "address": "/ws",
            "bindings": { "ws": { "method": "GET", "query": { "type": "object", "properties": {
                "client_id": { "type": "string", "description": "Opaque id of the client, for its own use" },
            } } } },
            "messages": from_client.keys().chain(from_server.keys())
                .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
                .collect::<Map<_, _>>(),
            "x-close-codes": close_codes,
        } },
        "operations": {
            "hear": { "action": "receive", "channel": { "$ref": "#/channels/chat" },
                "summary": "What a client says", "messages": names(&from_client) },
            "say": { "action": "send", "channel": { "$ref": "#/channels/chat" },
                "summary": "What the server says", "messages": names(&from_server) },
        },
        "components": {
            "messages": from_client.into_iter().chain(from_server).collect::<Map<_, _>>(),
            "schemas": schemas,
        },
    })
}

/// One message for each variant of a type that is told apart by `type`.
fn messages(schemas: &Map<String, Value>, union: &str) -> Map<String, Value> {
    let variants = schemas.get(union).and_then(|schema| schema["oneOf"].as_array());
    let message = |variant: &Value| {
        let name = tag(variant)?.to_owned();
        let envelope = json!({ "$ref": "#/components/schemas/Envelope" });
        let summary = variant["description"].as_str().unwrap_or_default().to_owned();
        let payload = json!({ "allOf": [variant, envelope] });
        Some((name.clone(), json!({ "name": name, "summary": summary, "payload": payload })))
    };
    variants.into_iter().flatten().filter_map(message).collect()
}

/// The word of `type` that a variant's schema asks for, wherever it stands in it.
fn tag(schema: &Value) -> Option<&str> {
    let own = schema["properties"]["type"]["enum"][0].as_str();
    own.or_else(|| schema["allOf"].as_array()?.iter().find_map(tag))
}

#[cfg(test)]
mod tests {
    use hsc_actors::protocol::ErrorCode;

    use super::*;

    #[test]
    fn every_message_and_every_error_code_is_in_the_document() {
        let document = asyncapi();
        for name in [
            "typing",
            "query",
            "lock_and_query",
            "hello",
            "cancel",
            "prediction",
            "status",
            "answer_chunk",
            "context",
            "final_answer",
            "error",
            "queue",
            "notice",
            "welcome",
            "reconnect",
        ] {
            let message = &document["components"]["messages"][name];
            assert!(message["payload"]["allOf"].is_array(), "{name} is missing: {message}");
        }
        let said = document["operations"]["say"]["messages"].as_array().unwrap().len();
        let heard = document["operations"]["hear"]["messages"].as_array().unwrap().len();
        let all = document["channels"]["chat"]["messages"].as_object().unwrap().len();
        assert_eq!(said + heard, all);
        let codes = &document["components"]["schemas"]["ErrorCode"]["enum"];
        for code in ErrorCode::ALL {
            assert!(codes.as_array().unwrap().contains(&code.as_str().into()), "{codes}");
        }
    }
}
