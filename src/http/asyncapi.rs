//! The messages of the sockets as an AsyncAPI 3 document, generated from the types that serialise them.

use hsc_conversation::NotResumed;
use hsc_conversation::protocol::{CloseReason, schemas};
use serde_json::{Map, Value, json};
use strum::VariantArray as _;

/// The AsyncAPI document of both sockets.
///
/// Each of its messages is one `type` of the wire: the schema of the variant and the envelope beside every message.
pub fn asyncapi() -> Value {
    let schemas: Map<String, Value> = schemas()
        .into_iter()
        .map(|(name, schema)| {
            (name, serde_json::to_value(schema).expect("a schema is made of texts and numbers"))
        })
        .collect();
    let close_codes: Map<String, Value> = CloseReason::VARIANTS
        .iter()
        .map(|reason| (reason.code().to_string(), reason.to_string().into()))
        .collect();
    // Both sides and both sockets may use the same `type`: a message's key contains the sender.
    let visitor = messages(&schemas, "ClientSays", "visitor");
    let chat = messages(&schemas, "ServerMessage", "chat");
    let agent = messages(&schemas, "AgentMessage", "agent");
    let desk = messages(&schemas, "DeskMessage", "desk");
    let channel = |address: &str, messages: [&Map<String, Value>; 2]| {
        let refs = messages
            .into_iter()
            .flat_map(Map::keys)
            .map(|key| (key.clone(), json!({ "$ref": format!("#/components/messages/{key}") })));
        json!({ "address": address, "messages": refs.collect::<Map<_, _>>(), "x-close-codes": close_codes })
    };
    let operation = |action: &str, channel: &str, summary: &str, messages: &Map<String, Value>| {
        let refs = messages
            .keys()
            .map(|key| json!({ "$ref": format!("#/channels/{channel}/messages/{key}") }));
        json!({ "action": action, "channel": { "$ref": format!("#/channels/{channel}") },
            "summary": summary, "messages": refs.collect::<Vec<_>>() })
    };
    let mut chat_channel = channel("/ws", [&visitor, &chat]);
    let reasons: Vec<String> = NotResumed::VARIANTS.iter().map(ToString::to_string).collect();
    chat_channel["x-not-recovered-reasons"] = json!(reasons);
    chat_channel["bindings"] = json!({ "ws": { "method": "GET", "query": { "type": "object",
        "properties": {
            "client_id": { "type": "string", "description": "Opaque id of the client, for its own use" },
            "visitor": { "type": "string", "description": "Who the visitor is, a JWT that the embedding site has signed" },
        } } } });
    let channels = json!({ "chat": chat_channel, "desk": channel("/ws/agent", [&agent, &desk]) });
    let operations = json!({
        "hear": operation("receive", "chat", "What a client says", &visitor),
        "say": operation("send", "chat", "What the server says", &chat),
        "hear_agent": operation("receive", "desk", "What an agent says", &agent),
        "say_agent": operation("send", "desk", "What the server says to agents", &desk),
    });
    let all: Map<String, Value> = [visitor, chat, agent, desk].into_iter().flatten().collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "HSC-JIT sockets",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "JSON text frames over a WebSocket. docs/protocol.md describes them.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": all,
            "schemas": schemas,
        },
    })
}

/// One message for each variant of a type with the tag `type`; the keys contain the sender.
fn messages(schemas: &Map<String, Value>, union: &str, by: &str) -> Map<String, Value> {
    let variants = schemas.get(union).and_then(|schema| schema["oneOf"].as_array());
    let message = |variant: &Value| {
        let name = tag(variant)?.to_owned();
        let envelope = json!({ "$ref": "#/components/schemas/Envelope" });
        let summary = variant["description"].as_str().unwrap_or_default().to_owned();
        let payload = json!({ "allOf": [variant, envelope] });
        let key = format!("{by}.{name}");
        Some((key, json!({ "name": name, "summary": summary, "payload": payload })))
    };
    variants.into_iter().flatten().filter_map(message).collect()
}

/// The value of `type` that a variant's schema requires, at any depth.
fn tag(schema: &Value) -> Option<&str> {
    let own = schema["properties"]["type"]["enum"][0].as_str();
    own.or_else(|| schema["allOf"].as_array()?.iter().find_map(tag))
}

#[cfg(test)]
mod tests {
    use hsc_conversation::protocol::ErrorCode;

    use super::*;

    #[test]
    fn every_message_and_every_error_code_is_in_the_document() {
        let document = asyncapi();
        for name in [
            "visitor.typing",
            "visitor.understand",
            "visitor.query",
            "visitor.lock_and_query",
            "visitor.hello",
            "visitor.about",
            "visitor.cancel",
            "visitor.handoff",
            "visitor.message",
            "visitor.feedback",
            "visitor.csat",
            "visitor.bye",
            "chat.prediction",
            "chat.understood",
            "chat.status",
            "chat.answer_chunk",
            "chat.context",
            "chat.final_answer",
            "chat.error",
            "chat.queue",
            "chat.notice",
            "chat.welcome",
            "chat.reconnect",
            "chat.handoff",
            "chat.agent_joined",
            "chat.agent_left",
            "chat.message",
            "chat.agent_typing",
            "chat.ack",
            "agent.take",
            "agent.say",
            "desk.desk",
            "desk.ticket",
            "desk.entry",
            "desk.draft",
        ] {
            let message = &document["components"]["messages"][name];
            assert!(message["payload"]["allOf"].is_array(), "{name} is missing: {message}");
        }
        for (receive, say, channel) in
            [("hear", "say", "chat"), ("hear_agent", "say_agent", "desk")]
        {
            let of =
                |name: &str| document["operations"][name]["messages"].as_array().unwrap().len();
            let all = document["channels"][channel]["messages"].as_object().unwrap().len();
            assert_eq!(of(receive) + of(say), all);
        }
        let codes = &document["components"]["schemas"]["ErrorCode"]["enum"];
        for code in ErrorCode::VARIANTS {
            assert!(codes.as_array().unwrap().contains(&code.as_str().into()), "{codes}");
        }
    }
}
