//! The OpenAPI document: complete enough for generators, and consistent with the responses.

use std::collections::{BTreeMap, BTreeSet};

use hsc_actors::ports::archive::Archive as _;
use hsc_conversation::archive::{ArchivedMessage, Author, MessageOutcome, RatingRecord, Record};
use reqwest::Method;
use serde_json::{Value, json};

use crate::archive_stage::{answer, question, settings, stamped};
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, with_team};
use crate::receiver::Receiver;
use crate::server::{Server, client};
use crate::shop::{LIGHT, MIXER};
use crate::visitor::Visitor;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::to_value(hsc::http::openapi()).expect("the document is JSON")
}

/// Every operation: path, method, and its description.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let operation = &item[method];
                operation.is_object().then_some((path.as_str(), method, operation))
            })
        })
        .collect()
}

#[test]
fn every_operation_has_an_id_and_a_tag_and_every_response_a_description() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let mut ids = BTreeSet::new();
    let mut faults = Vec::new();
    let mut responses = 0;
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        match operation["operationId"].as_str() {
            Some(id) if ids.insert(id.to_owned()) => {}
            id => {
                faults.push(format!("{place}: operationId {id:?} is missing or not the only one"))
            }
        }
        let has_tag = operation["tags"].as_array().is_some_and(|own| {
            !own.is_empty()
                && own.iter().all(|tag| tag.as_str().is_some_and(|tag| tags.contains(tag)))
        });
        if !has_tag {
            faults.push(format!("{place}: no tag of the list"));
        }
        for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
            let named =
                |it: &Value| it["name"] == name && it["in"] == "path" && it["required"] == true;
            if !operation["parameters"].as_array().is_some_and(|all| all.iter().any(named)) {
                faults.push(format!("{place}: the parameter {name} is not described"));
            }
        }
        let of_operation = operation["responses"].as_object().expect("responses");
        for (status, response) in of_operation {
            responses += 1;
            if response["description"].as_str().is_none_or(str::is_empty) {
                faults.push(format!("{place}: {status} has no description"));
            }
        }
        if of_operation.is_empty() {
            faults.push(format!("{place}: no response"));
        }
    }
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
    assert!(responses > 200, "{responses}");
}

#[test]
fn every_reference_is_defined() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a place of the document itself");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// A generator names a class after a title or a schema. `openapi-python-client` drops an alternative that has
/// neither, and one with an object inside that has neither.
#[test]
fn every_alternative_is_a_schema_of_its_own_or_a_flat_object_with_a_title() {
    fn nameless(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let at = format!("{at}/{name}");
                    if matches!(name.as_str(), "oneOf" | "anyOf") {
                        let alternatives = value.as_array().expect("alternatives are a list");
                        let objects = alternatives.iter().filter(|one| one["type"] == "object");
                        found.extend(objects.filter(|one| !is_named(one)).map(|_| at.clone()));
                    }
                    nameless(value, &at, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| nameless(item, at, found)),
            _ => {}
        }
    }
    fn is_named(object: &Value) -> bool {
        let parts = object["properties"].as_object().into_iter().flat_map(|parts| parts.values());
        object["title"].is_string() && parts.filter(|part| part["type"] == "object").count() == 0
    }
    let mut found = Vec::new();
    nameless(&document(), "", &mut found);
    assert_eq!(found, [""; 0]);
}

/// The error for a field that the document lacks.
const UNDECLARED: &str = " is not declared";

/// True if the schema, or a part of it, names the field.
fn declares(document: &Value, schema: &Value, name: &str) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return target.is_some_and(|target| declares(document, target, name));
    }
    let mut parts = schema["allOf"].as_array().into_iter().flatten();
    schema["properties"].get(name).is_some() || parts.any(|part| declares(document, part, name))
}

/// The differences between a value and its schema. Implements as much of JSON Schema as the document uses.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let schema = document.pointer(pointer).expect("a reference leads somewhere");
        return faults(document, schema, value, at);
    }
    let mut found = Vec::new();
    // The parts describe one object together: each part ignores the fields of the others.
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let undeclared = |fault: &String| {
            let name =
                fault.strip_prefix(&format!("{at}.")).and_then(|it| it.strip_suffix(UNDECLARED));
            name.is_some_and(|name| declares(document, schema, name))
        };
        found.extend(
            faults(document, part, value, at).into_iter().filter(|fault| !undeclared(fault)),
        );
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array()
            && !choices.iter().any(|one| faults(document, one, value, at).is_empty())
        {
            found.push(format!("{at} is none of the choices: {value}"));
        }
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    };
    match &schema["type"] {
        Value::String(kind) if !is(kind) => found.push(format!("{at} is no {kind}: {value}")),
        Value::Array(kinds) if !kinds.iter().filter_map(Value::as_str).any(is) => {
            found.push(format!("{at} is none of {kinds:?}: {value}"));
        }
        _ => {}
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at} is not in the list: {value}"));
    }
    if let Some(minimum) = schema["minimum"].as_f64()
        && value.as_f64().is_some_and(|number| number < minimum)
    {
        found.push(format!("{at} is less than {minimum}: {value}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(document, &schema["items"], item, &format!("{at}[{index}]")));
    }
    if let Some(fields) = value.as_object() {
        let properties = schema["properties"].as_object();
        for (name, field) in fields {
            let at = format!("{at}.{name}");
            match properties.and_then(|known| known.get(name)) {
                Some(schema) => found.extend(faults(document, schema, field, &at)),
                None if schema["additionalProperties"].is_object() => {
                    found.extend(faults(document, &schema["additionalProperties"], field, &at));
                }
                // An undeclared field: it is missing in the document.
                None if properties.is_some()
                    && schema["additionalProperties"] != true
                    && !declares(document, schema, name) =>
                {
                    found.push(format!("{at}{UNDECLARED}"));
                }
                None => {}
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                found.push(format!("{at}.{name} is missing"));
            }
        }
    }
    found
}

#[test]
fn a_value_that_violates_its_schema_is_detected() {
    let document = json!({ "s": { "type": "object", "required": ["a"], "properties": {
        "a": { "type": ["integer", "null"] }, "b": { "oneOf": [{ "type": "null" }, { "enum": ["x"] }] },
        "c": { "type": "array", "items": { "type": "string" } } } },
        "more": { "allOf": [{ "$ref": "#/s" }, { "type": "object", "properties": { "e": {} } }] } });
    let schema = json!({ "$ref": "#/s" });
    let wrong = |value: Value| faults(&document, &schema, &value, "$").len();
    assert_eq!(wrong(json!({ "a": 1, "b": "x", "c": ["y"] })), 0);
    assert_eq!(wrong(json!({ "a": null, "b": null })), 0);
    for value in [
        json!([]),
        json!({}),
        json!({ "a": "1" }),
        json!({ "a": 1, "b": "y" }),
        json!({ "a": 1, "c": [2] }),
        json!({ "a": 1, "d": 2 }),
    ] {
        assert_eq!(wrong(value.clone()), 1, "{value}");
    }
    let whole = |value: Value| faults(&document, &json!({ "$ref": "#/more" }), &value, "$");
    assert_eq!(whole(json!({ "a": 1, "e": 2 })), Vec::<String>::new());
    assert!(!whole(json!({ "a": 1, "d": 2 })).is_empty());
}

/// A server in which each list has an entry: a conversation, a rating, an offline message, a dead letter.
/// The visitor is connected, and so in the list of sessions.
async fn lived_in(receiver: &Receiver) -> (Server, Member, Visitor, String) {
    let (endpoints, name) = (receiver.taking(r#""all""#), receiver.name());
    let server = with_team(&[
        ("webhooks.endpoints", &*endpoints),
        ("webhooks.allowed_hosts", &*name),
        ("webhooks.max_attempts", "1"),
    ])
    .await;
    let mut archive = settings();
    archive.path = archive_of(&server.shop);
    let store = hsc::archive::Store::new(&archive).expect("an archive");
    let at = u64::try_from(jiff::Timestamp::now().as_millisecond()).expect("after 1970") - 60_000;
    let records = vec![
        (at, question("past", "q", LIGHT, "Does the lamp flicker?")),
        (at + 1, answer("past", "q", LIGHT, 1, MessageOutcome::Answered)),
        (at + 2, question("past", "q2", MIXER, "Does it bake?")),
        (at + 3, answer("past", "q2", MIXER, 2, MessageOutcome::Unknown)),
        (
            at + 4,
            Record::Message(Box::new(ArchivedMessage::new("past", Author::Note, "The third one."))),
        ),
        (
            at + 5,
            Record::Rated(RatingRecord {
                conversation: "past".to_owned(),
                rating: 4,
                comment: None,
            }),
        ),
    ];
    store.write(stamped(records)).await.expect("written");
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    let token = welcome["token"].as_str().expect("a token").to_owned();
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "dim the light" })).await;
    visitor.receive_answer().await;
    let message = json!({ "address": "eve@example.test", "text": "Please write back." });
    let message = client().post(server.url("/api/leave-message")).json(&message).send().await;
    assert_eq!(message.expect("the server answers").status(), 202);
    let mut ada = Member::of(&server);
    assert_eq!(ada.sign_in("ada@example.test", PASSWORD).await.status(), 200);
    let reply = json!({ "shortcut": "hi", "text": "Hello", "product": LIGHT });
    let csrf = ada.csrf.clone();
    let written =
        ada.send(Method::PUT, "/api/replies", Some(reply), &[("x-csrf-token", &csrf)]).await;
    assert_eq!(written.status(), 200);
    (server, ada, visitor, token)
}

#[tokio::test]
async fn every_get_response_matches_its_schema() {
    // Every delivery fails, so that there are dead letters.
    let receiver = Receiver::that_answers(&["410 Gone"; 20]).await;
    let (server, mut ada, _visitor, token) = lived_in(&receiver).await;
    eventually("there is a dead letter and what was left is in the archive", async || {
        let dead = ada.get("/admin/webhooks/dead-letters").await;
        let message = ada.get("/api/left-messages").await;
        let has = async |response: reqwest::Response| {
            let body: Value = crate::member::json_of(response).await;
            body["items"][0].is_object()
        };
        has(dead).await && has(message).await
    })
    .await;
    let document = server.json("/docs/openapi.json").await;
    let mut checked: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, method, operation) in operations(&document) {
        // These open a socket or redirect.
        if method != "get" || path.starts_with("/ws") || path.starts_with("/sign-in/") {
            continue;
        }
        let url = path
            .replace("/conversations/{id}", "/conversations/past")
            .replace("{query}", "nl-200")
            .replace("{id}", LIGHT)
            .replace("{product_id}", MIXER)
            .replace("{path}", "logo.svg");
        let url = if url == "/api/search" { format!("{url}?q=nl") } else { url };
        let headers = [("x-conversation-token", token.as_str())];
        let response = ada.send(Method::GET, &url, None, &headers).await;
        let status = response.status().as_u16().to_string();
        let declared = &operation["responses"][&status];
        if !declared.is_object() {
            wrong.push(format!("{url} answered {status}, which is not declared"));
            continue;
        }
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !content_type.starts_with("application/json") {
            continue;
        }
        let schema = &declared["content"]["application/json"]["schema"];
        if !schema.is_object() {
            continue;
        }
        let body = crate::member::json_of(response).await;
        for fault in faults(&document, schema, &body, "$") {
            wrong.push(format!("{url}: {fault}"));
        }
        *checked.entry(status).or_default() += 1;
    }
    assert!(wrong.is_empty(), "\n  {}\n", wrong.join("\n  "));
    assert!(checked.get("200").is_some_and(|count| *count >= 25), "{checked:?}");
}

#[tokio::test]
async fn head_answers_as_get_without_a_body_and_405_lists_the_allowed_methods() {
    let receiver = Receiver::that_answers(&[]).await;
    let (server, mut ada, _visitor, token) = lived_in(&receiver).await;
    let document = server.json("/docs/openapi.json").await;
    let fill = |path: &str| {
        path.replace("/conversations/{id}", "/conversations/past")
            .replace("{query}", "nl-200")
            .replace("{id}", LIGHT)
            .replace("{file}", "brand.json")
            .replace("{key}", "1")
            .replace("{product}", MIXER)
            .replace("{product_id}", MIXER)
            .replace("{path}", "logo.svg")
    };
    let mut pages: Vec<(String, String)> = Vec::new();
    for (path, _, _) in operations(&document) {
        let item = document["paths"][path].as_object().expect("a path");
        let taken = METHODS.iter().filter(|method| item.contains_key(**method));
        let allowed: Vec<&str> = taken
            .map(|method| match *method {
                "get" => "GET, HEAD",
                "post" => "POST",
                "put" => "PUT",
                "patch" => "PATCH",
                _ => "DELETE",
            })
            .collect();
        pages.push((fill(path), allowed.join(", ")));
    }
    for page in ["/", "/agent", "/docs", "/docs/", "/docs/openapi.json", "/docs/asyncapi.json"] {
        pages.push((page.to_owned(), "GET, HEAD".to_owned()));
    }
    pages.dedup();
    for (path, allowed) in pages {
        let url = if path == "/api/search" { format!("{path}?q=nl") } else { path.clone() };
        let headers = [("x-conversation-token", token.as_str())];
        if allowed.starts_with("GET") {
            let get = ada.send(Method::GET, &url, None, &headers).await;
            let head = ada.send(Method::HEAD, &url, None, &headers).await;
            assert_eq!(head.status(), get.status(), "{url}");
            for name in ["content-type", "cache-control"] {
                assert_eq!(head.headers().get(name), get.headers().get(name), "{name} of {url}");
            }
            // The length of counters differs between two requests.
            let moves =
                ["/metrics", "/health", "/admin/series", "/admin/sessions", "/sign-in/openid"];
            if !moves.contains(&url.as_str()) && !url.starts_with("/admin/a") {
                let length = |it: &reqwest::Response| it.headers().get("content-length").cloned();
                assert_eq!(length(&head), length(&get), "content-length of {url}");
            }
            assert_eq!(head.bytes().await.expect("a body").len(), 0, "{url}");
        }
        let strange = Method::from_bytes(b"PROPFIND").expect("a method");
        let refused = ada.send(strange, &url, None, &[]).await;
        assert_eq!(refused.status(), 405, "{url}");
        assert_eq!(refused.headers()["allow"], allowed.as_str(), "{url}");
    }
    // HEAD does not open a socket.
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(ada.send(Method::HEAD, "/ws", None, &upgrade).await.status(), 426);
}
