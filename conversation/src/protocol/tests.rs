//! The wire against the protocol page: every form that a client may send, and one recorded frame for every message
//! of the server.

use base64::Engine as _;
use hsc_catalogs::{Accessory, Citation, Scenario};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use strum::VariantArray as _;

use crate::protocol::*;

fn parse(value: &Value) -> Result<ClientFrame, InvalidMessage> {
    ClientFrame::parse(&value.to_string())
}

fn message(value: &Value) -> ClientMessage {
    parse(value).unwrap_or_else(|bad| panic!("{value} is a message: {bad}")).message
}

fn query(mut fields: Value) -> QueryMessage {
    fields["type"] = json!("query");
    match message(&fields) {
        ClientMessage::Query(query) => query,
        other => panic!("{fields} is a question, not {other:?}"),
    }
}

fn refused(value: &Value) -> InvalidMessage {
    parse(value).expect_err("this is no message")
}

#[test]
fn typing_retains_its_text_without_control_characters() {
    for (content, expected) in [
        (json!("td-17"), "td-17"),
        (json!("td\u{0}-\u{1b}17\n\u{85}"), "td-17"),
        (json!(""), ""),
        (json!(null), ""),
        (json!("  תופים 🥁 "), "  תופים 🥁 "),
    ] {
        let typed = message(&json!({"type": "typing", "content": content}));
        assert_eq!(typed, ClientMessage::Typing(expected.to_owned()));
    }
    assert_eq!(message(&json!({"type": "typing"})), ClientMessage::Typing(String::new()));
}

#[test]
fn limits_count_characters_and_not_bytes() {
    for (kind, field, limit) in
        [("typing", "content", 1_000), ("query", "query", 2_000), ("query", "product_id", 200)]
    {
        for letter in ["a", "ת", "🥁"] {
            let of = |count| json!({"type": kind, field: letter.repeat(count)});
            assert!(parse(&of(limit)).is_ok(), "{limit} of {letter} are allowed in {field}");
            let bad = refused(&of(limit + 1));
            assert_eq!(
                bad.message,
                format!("Invalid message format: '{field}' has more than {limit} characters")
            );
        }
    }
}

#[test]
fn the_question_is_query_or_else_question_or_else_content() {
    let all = json!({"query": " a ", "question": "b", "content": "c"});
    assert_eq!(query(all).question, "a");
    assert_eq!(query(json!({"query": "", "question": "b", "content": "c"})).question, "b");
    assert_eq!(query(json!({"query": null, "question": " ", "content": "c"})).question, "c");
    assert_eq!(query(json!({"content": "c"})).question, "c");
    assert_eq!(query(json!({})).question, "");
    assert_eq!(query(json!({"query": "how\u{7}\u{0} loud"})).question, "how loud");
}

#[test]
fn a_query_has_its_defaults_and_null_is_absent() {
    let nulls = json!({"product_id": null, "query": null, "scenario": null, "image": null, "replace": null});
    for fields in [json!({}), nulls] {
        let query = query(fields);
        assert_eq!((query.product_id.as_str(), query.question.as_str()), ("", ""));
        assert_eq!((query.scenario, query.image), (Scenario::General, None));
        assert!(!query.locked && !query.replace);
    }
    for (word, scenario) in
        [("general", Scenario::General), ("studio", Scenario::Studio), ("live", Scenario::Live)]
    {
        assert_eq!(query(json!({"scenario": word})).scenario, scenario);
        assert_eq!(scenario.as_str(), word);
    }
    let locked = message(&json!({"type": "lock_and_query", "product_id": "x", "query": "q"}));
    assert_eq!(locked.kind(), "lock_and_query");
    assert!(query(json!({"replace": true})).replace);
}

const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x00\x00\x00,";

#[test]
fn the_fields_of_a_hello_have_a_maximum_length() {
    let long = "x".repeat(16_385);
    for (field, hello) in [
        ("visitor", json!({"type": "hello", "visitor": long})),
        (
            "resume.token",
            json!({"type": "hello", "resume": {"conversation": "c", "token": long, "after": 0}}),
        ),
        (
            "resume.conversation",
            json!({"type": "hello", "resume": {"conversation": long, "token": "t", "after": 0}}),
        ),
    ] {
        let bad = refused(&hello);
        let expected = format!("Invalid message format: '{field}' has more than 16384 characters");
        assert_eq!(bad.message, expected);
    }
    let frame = ClientFrame::parse(&json!({"type": "hello", "locale": long}).to_string());
    let Ok(ClientMessage::Hello(hello)) = frame.map(|frame| frame.message) else {
        panic!("a hello all the same")
    };
    assert_eq!(hello.locale, None);
}

#[test]
fn an_image_is_a_data_url_or_bare_base64_and_its_type_is_that_of_its_bytes() {
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    for (bytes, media_type) in [
        (GIF, "image/gif"),
        (b"\x89PNG\r\n\x1a\n".as_slice(), "image/png"),
        (b"\xff\xd8\xff\xe0".as_slice(), "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ".as_slice(), "image/webp"),
    ] {
        let bare = base64(bytes);
        let broken_lines = format!(" {}\r\n{}\n", &bare[..4], &bare[4..]);
        // The media type in the address does not count.
        for form in [format!("data:image/tiff;base64,{bare}"), bare, broken_lines] {
            let image = query(json!({"image": form})).image.expect("there is a picture");
            let file = image.file().expect("it is held");
            assert_eq!((file.media_type(), file.bytes()), (media_type, bytes));
        }
    }
    assert_eq!(query(json!({"image": ""})).image, None);
    let too_large = base64(&[GIF, &vec![0; 4 * 1024 * 1024]].concat());
    for (image, reason) in [
        ("data:image/png,plain".to_owned(), "'image' is a data URL without ';base64,'"),
        ("not base64!".to_owned(), "'image' is neither a data URL nor base64"),
        (base64(b"<svg/>"), "'image' is not a PNG, JPEG, GIF or WebP"),
        (too_large, "'image' is larger than 4194304 bytes"),
    ] {
        let bad = refused(&json!({"type": "query", "image": image}));
        assert_eq!(bad.code, ErrorCode::InvalidImage);
        assert_eq!(bad.message, format!("Invalid message format: {reason}"));
    }
}

#[test]
fn an_id_is_returned_unchanged_also_when_the_message_is_refused() {
    for id in [json!("a1"), json!(""), json!(7), json!(-1.5)] {
        let parsed = parse(&json!({"type": "typing", "id": id})).expect("a message").id;
        assert_eq!(serde_json::to_value(&parsed).expect("an id is JSON"), id);
        let bad = refused(&json!({"type": "nonsense", "id": id}));
        assert_eq!(bad.id, parsed);
    }
    assert_eq!(parse(&json!({"type": "typing", "id": null})).expect("a message").id, None);
    for id in [json!("x".repeat(101)), json!(true), json!([1]), json!({})] {
        let bad = refused(&json!({"type": "typing", "id": id}));
        assert_eq!((bad.code, bad.id), (ErrorCode::InvalidMessage, None));
    }
}

#[test]
fn hello_ignores_unknown_fields_and_reads_null_as_absent() {
    let hello = |fields: Value| match message(&fields) {
        ClientMessage::Hello(hello) => hello,
        other => panic!("a hello, not {other:?}"),
    };
    let nulls = json!({"type": "hello", "compact": null, "locale": null, "resume": null, "v": 9});
    assert_eq!(hello(nulls), Hello::default());
    let resume = json!({"conversation": "c", "token": "t", "after": 4});
    let whole = hello(json!({"type": "hello", "compact": true, "locale": "he", "resume": resume}));
    assert!(whole.compact);
    assert_eq!(whole.locale.as_deref(), Some("he"));
    assert_eq!(whole.resume.map(|resume| resume.after), Some(4));
    let bad = refused(&json!({"type": "hello", "compact": "x".repeat(10_000)}));
    assert!(bad.message.starts_with("Invalid message format: hello: "), "{}", bad.message);
    assert!(bad.message.len() < 200, "a refusal repeats no essay");
}

#[test]
fn a_lone_surrogate_is_ignored_in_every_text_of_every_message() {
    let half = r"\ud83d";
    let typing = format!(r#"{{"type":"typing","content":"td{half}-17{half}"}}"#);
    let frame = ClientFrame::parse(&typing).expect("a message");
    assert_eq!(frame.message, ClientMessage::Typing("td-17".to_owned()));
    for message in [
        r#"{"type":"typing","content":"\ud83d"}"#,
        r#"{"type":"query","id":"a\ud83d","product_id":"p","query":"why \ud83d?","scenario":"live"}"#,
        r#"{"type":"lock_and_query","product_id":"p\ude00","question":"\ud83d why?"}"#,
        r#"{"type":"hello","locale":"he\ud83d","visitor":"x\ud83d"}"#,
        r#"{"type":"hello","resume":{"conversation":"c\ud83d","token":"t\ud83d","after":1}}"#,
        r#"{"type":"handoff","reason":"\ud83d"}"#,
        r#"{"type":"message","content":"a \ud83d\ude00 \ud83d"}"#,
        r#"{"type":"feedback","offset":1,"thumb":"up","comment":"\ud83d"}"#,
        r#"{"type":"csat","rating":5,"comment":"\ud83d"}"#,
        r#"{"type":"cancel","id":"\ud83d"}"#,
        r#"{"type":"bye","unknown\ud83d":"\ud83d"}"#,
    ] {
        assert!(ClientFrame::parse(message).is_ok(), "{message}");
    }
    for message in [
        r#"{"type":"watch","conversation":"c\ud83d"}"#,
        r#"{"type":"say","conversation":"c","content":"a \ud83d"}"#,
        r#"{"type":"note","conversation":"c","content":"a \ud83d"}"#,
        r#"{"type":"draft","conversation":"c","question":"\ud83d"}"#,
        r#"{"type":"hand","conversation":"c","to":"b\ud83d"}"#,
    ] {
        assert!(AgentFrame::parse(message).is_ok(), "{message}");
    }
    // Text that is not JSON for another reason is still refused.
    assert_eq!(
        ClientFrame::parse(r#"{"type":"typing","content":"\ud83d"#).unwrap_err().code,
        ErrorCode::InvalidJson
    );
}

#[test]
fn about_contains_only_the_fields_that_were_sent() {
    let about = |value: Value| match message(&value) {
        ClientMessage::About(about) => about,
        other => panic!("{value} is about something, not {other:?}"),
    };
    assert_eq!(about(json!({"type": "about"})), About::default());
    let whole = about(json!({"type": "about", "product_id": " td17 ", "scenario": "live"}));
    assert_eq!((whole.product_id.as_deref(), whole.scenario), (Some("td17"), Some(Scenario::Live)));
    let none = about(json!({"type": "about", "product_id": "", "scenario": null}));
    assert_eq!((none.product_id.as_deref(), none.scenario), (Some(""), None));
    for bad in [
        json!({"type": "about", "product_id": 7}),
        json!({"type": "about", "scenario": "garage"}),
        json!({"type": "about", "page": format!("https://shop.example/{}", "a".repeat(1_000))}),
    ] {
        assert_eq!(refused(&bad).code, ErrorCode::InvalidMessage, "{bad}");
    }
}

#[test]
fn the_address_of_a_page_is_stored_without_credentials_and_fragment() {
    for (page, expected) in [
        ("https://shop.example/drums?id=5", Some("https://shop.example/drums?id=5")),
        ("HTTPS://shop.example", Some("https://shop.example")),
        ("http://127.0.0.1:8080/a#token=1", Some("http://127.0.0.1:8080/a")),
        ("https://yael:secret@shop.example/a@b", Some("https://shop.example/a@b")),
        ("https://shop.example?to=a@b", Some("https://shop.example?to=a@b")),
        ("https://yael@#x", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("data:text/html,x", None),
        ("https://shop.example/a b", None),
        ("shop.example", None),
        ("", None),
    ] {
        let parsed = message(&json!({"type": "about", "page": page}));
        let ClientMessage::About(about) = parsed else { panic!("{page}: {parsed:?}") };
        assert_eq!(about.page.as_deref(), expected, "{page}");
    }
}

#[test]
fn an_invalid_message_is_refused_with_the_text_of_part_1() {
    for text in ["", "{", "typing", "{\"type\":\"typing\"", "\u{feff}{}", &"[".repeat(10_000)] {
        let bad = ClientFrame::parse(text).expect_err("no JSON");
        assert_eq!((bad.message.as_str(), bad.code), ("Invalid JSON", ErrorCode::InvalidJson));
    }
    for (value, code, reason) in [
        (json!([]), ErrorCode::InvalidMessage, "a message is an object with a field 'type'"),
        (json!("typing"), ErrorCode::InvalidMessage, "a message is an object with a field 'type'"),
        (json!({}), ErrorCode::InvalidMessage, "'type' is missing"),
        (json!({"type": 1}), ErrorCode::InvalidMessage, "'type' must be a string"),
        (
            json!({"type": "Typing"}),
            ErrorCode::UnknownType,
            "unknown type 'Typing'; known are typing, query, lock_and_query, hello, \
             about, cancel, handoff, message, feedback, csat, bye, understand",
        ),
        (
            json!({"type": "typing", "content": 17}),
            ErrorCode::InvalidMessage,
            "'content' must be a string",
        ),
        (
            json!({"type": "query", "scenario": "disco"}),
            ErrorCode::InvalidMessage,
            "scenario 'disco' is none of general, studio, live",
        ),
        (
            json!({"type": "query", "replace": "yes"}),
            ErrorCode::InvalidMessage,
            "'replace' must be true or false",
        ),
    ] {
        let bad = refused(&value);
        assert_eq!(bad.message, format!("Invalid message format: {reason}"));
        assert_eq!(bad.code, code);
    }
    let bad = refused(&json!({"type": "x\u{1b}".repeat(100_000)}));
    assert!(bad.message.len() < 300 && !bad.message.contains('\u{1b}'));
}

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{0,6}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Objects that look like messages, each field absent, right or anything.
fn nearly_a_message() -> impl Strategy<Value = Value> {
    let kinds = [
        "typing",
        "query",
        "lock_and_query",
        "hello",
        "cancel",
        "handoff",
        "message",
        "feedback",
        "csat",
        "bye",
        "unheard of",
    ];
    let fields = [
        "id",
        "content",
        "product_id",
        "query",
        "question",
        "scenario",
        "image",
        "replace",
        "compact",
        "locale",
        "resume",
        "reason",
        "withdraw",
        "upload",
        "offset",
        "thumb",
        "rating",
        "comment",
        "else",
    ];
    let field = (prop::sample::select(fields.to_vec()), any_json());
    (prop::sample::select(kinds.to_vec()), prop::collection::vec(field, 0..6)).prop_map(
        |(kind, fields)| {
            let mut map: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            map.insert("type".to_owned(), Value::from(kind));
            Value::Object(map)
        },
    )
}

/// Checks a parse against the guarantees of every parse.
fn check(text: &str) -> Result<(), TestCaseError> {
    match ClientFrame::parse(text) {
        Ok(ClientFrame { message, .. }) => {
            let clean = |text: &str, most: usize| {
                text.chars().count() <= most && !text.chars().any(char::is_control)
            };
            match message {
                ClientMessage::Typing(content) | ClientMessage::Understand(content) => {
                    prop_assert!(clean(&content, 1_000));
                }
                ClientMessage::Query(query) => {
                    prop_assert!(clean(&query.question, 2_000));
                    prop_assert_eq!(query.question.trim(), &query.question);
                    prop_assert!(query.product_id.chars().count() <= 200);
                }
                ClientMessage::Message(message) => {
                    prop_assert!(message.content.chars().count() <= 2_000);
                    prop_assert!(!message.content.is_empty() || message.upload.is_some());
                }
                ClientMessage::Handoff(wish) => {
                    prop_assert!(
                        wish.reason.is_none_or(|it| (1..=500).contains(&it.chars().count()))
                    );
                }
                ClientMessage::Csat(csat) => prop_assert!((1..=5).contains(&csat.rating)),
                ClientMessage::About(about) => {
                    let page = about.page.unwrap_or_default();
                    prop_assert!(page.chars().count() <= 1_000);
                    prop_assert!(page.is_empty() || page.starts_with("http"), "{}", page);
                    prop_assert!(!page.contains(['#', ' ']), "{}", page);
                }
                ClientMessage::Hello(_)
                | ClientMessage::Cancel
                | ClientMessage::Feedback(_)
                | ClientMessage::Bye => {}
            }
        }
        Err(bad) => {
            prop_assert!(
                bad.message == "Invalid JSON"
                    || bad.message.starts_with("Invalid message format: "),
                "{}",
                bad.message
            );
            prop_assert_eq!(
                bad.message == "Invalid JSON",
                serde_json::from_str::<Value>(
                    &without_lone_surrogates(text).unwrap_or_else(|| text.to_owned())
                )
                .is_err()
            );
            prop_assert!(bad.message.chars().count() < 400, "a refusal repeats no essay");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_a_message_or_is_refused_with_the_text_of_part_1(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_bytes_that_are_text_are_a_message_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        check(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_json_is_a_message_or_refused(value in any_json()) {
        check(&value.to_string())?;
    }

    #[test]
    fn any_object_with_the_fields_of_a_message_is_one_or_is_refused(value in nearly_a_message()) {
        check(&value.to_string())?;
    }

    #[test]
    fn unknown_fields_change_nothing(
        name in "x_[a-z]{1,8}", value in any_json(), content in "\\PC{0,40}",
    ) {
        let plain = json!({"type": "typing", "content": content});
        let mut more = plain.clone();
        more[name] = value;
        prop_assert_eq!(parse(&plain), parse(&more));
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("a value is JSON")
}

fn accessory() -> Accessory {
    Accessory {
        id: "stand".to_owned(),
        name: "Stand".to_owned(),
        category: "Stands".to_owned(),
        production_country: "Japan".to_owned(),
        kind: "accessory".to_owned(),
        label: "Recommended".to_owned(),
        image: "/static/stand.png".to_owned(),
    }
}

/// A message of every type, and the frame it was recorded as.
fn recorded() -> Vec<(ServerMessage, Value)> {
    let related = json!([{
        "id": "stand", "name": "Stand", "category": "Stands", "production_country": "Japan",
        "type": "accessory", "label": "Recommended", "image": "/static/stand.png"
    }]);
    let entry = json!({"id": "td17", "unheard": [1], "brand_identity": {"id": "acme"}});
    let whole = Prediction::Whole(WholePrediction {
        product: raw(&entry),
        brand: raw(&json!({"id": "acme"})),
        context: PredictionContext { related_items: vec![accessory()] },
        confidence: 97,
        match_text: "TD-17".to_owned(),
    });
    let lean = Prediction::Lean(LeanPrediction {
        product: LeanProduct {
            id: "td17".into(),
            name: "TD-17".into(),
            brand: "acme".into(),
            category: "Drums".into(),
            manual: true,
        },
        brand: LeanBrand { id: "acme".into(), name: "Acme".into() },
        confidence: 97,
        match_text: "TD-17".to_owned(),
        matched: vec![Highlight { field: "name", start: 0, end: 5 }],
    });
    let context = AnswerContext {
        brand: raw(&json!({"id": "acme"})),
        related_items: vec![accessory()],
        scenario: Scenario::Live,
    };
    let citation = Citation {
        page: 12,
        page_label: Some("10".to_owned()),
        quote: "Hold it.".to_owned(),
        url: "/manuals/td17#page=12".to_owned(),
        score: 0.5,
    };
    let last = FinalAnswer {
        citations: vec![citation],
        confidence: 0.5,
        grounded: true,
        html: "<p>Hold it.</p>".to_owned(),
        answerer: "extractive",
        ..FinalAnswer::default()
    };
    let bare = FinalAnswer {
        answerer: "llm",
        fallback: true,
        stale: true,
        cancelled: true,
        reason: Some(Reason { code: "none".to_owned(), message: "No manual.".to_owned() }),
        ..FinalAnswer::default()
    };
    let limits = Limits {
        typing_chars: 1_000,
        question_chars: 2_000,
        image_bytes: 4,
        message_bytes: 5,
        messages_per_second: 6,
    };
    let welcome = Welcome {
        conversation: "c".to_owned(),
        token: "t".to_owned(),
        epoch: 1,
        offset: 2,
        recovered: false,
        reason: Some("lost".to_owned()),
        limits,
    };
    let error =
        ServerMessage::Error { message: "Invalid JSON".to_owned(), code: ErrorCode::InvalidJson };
    vec![
        (
            ServerMessage::Prediction { data: PredictionData::Made(vec![whole]) },
            json!({"type": "prediction", "data": [{
                "product": entry, "brand": {"id": "acme"}, "context": {"related_items": related},
                "confidence": 97, "match_text": "TD-17"
            }]}),
        ),
        (
            ServerMessage::Prediction { data: PredictionData::Made(vec![lean]) },
            json!({"type": "prediction", "data": [{
                "product": {
                    "id": "td17", "name": "TD-17", "brand": "acme", "category": "Drums", "manual": true
                },
                "brand": {"id": "acme", "name": "Acme"}, "confidence": 97, "match_text": "TD-17",
                "matched": [{"field": "name", "start": 0, "end": 5}]
            }]}),
        ),
        (
            ServerMessage::Status { msg: "Thinking...".to_owned() },
            json!({"type": "status", "msg": "Thinking..."}),
        ),
        (
            ServerMessage::AnswerChunk { content: "Hold it [MANUAL: page 12]".to_owned() },
            json!({"type": "answer_chunk", "content": "Hold it [MANUAL: page 12]"}),
        ),
        (
            ServerMessage::Context { data: context },
            json!({"type": "context", "data": {
                "brand": {"id": "acme"}, "related_items": related, "scenario": "live"
            }}),
        ),
        (
            ServerMessage::FinalAnswer(Box::new(last)),
            json!({"type": "final_answer", "content": "", "citations": [
                {"page": 12, "page_label": "10", "quote": "Hold it.", "url": "/manuals/td17#page=12", "score": 0.5}
            ], "confidence": 0.5, "grounded": true, "html": "<p>Hold it.</p>",
                "answerer": "extractive"}),
        ),
        (
            ServerMessage::FinalAnswer(Box::new(bare)),
            json!({"type": "final_answer", "content": "", "citations": [], "confidence": 0.0,
                "grounded": false, "html": "", "answerer": "llm", "fallback": true, "stale": true,
                "cancelled": true, "reason": {"code": "none", "message": "No manual."}}),
        ),
        (error, json!({"type": "error", "message": "Invalid JSON", "code": "invalid_json"})),
        (
            ServerMessage::Welcome(welcome),
            json!({"type": "welcome", "conversation": "c", "token": "t", "epoch": 1, "offset": 2,
                "recovered": false, "reason": "lost", "limits": {"typing_chars": 1000,
                "question_chars": 2000, "image_bytes": 4, "message_bytes": 5,
                "messages_per_second": 6}}),
        ),
        (ServerMessage::Reconnect { after_ms: 250 }, json!({"type": "reconnect", "after_ms": 250})),
        (
            ServerMessage::Queue { place: 2, line: QueueFor::Agent, wait_ms: Some(90_000) },
            json!({"type": "queue", "place": 2, "for": "agent", "wait_ms": 90_000}),
        ),
        (
            ServerMessage::Queue { place: 1, line: QueueFor::Answer, wait_ms: None },
            json!({"type": "queue", "place": 1, "for": "answer"}),
        ),
        (
            ServerMessage::Notice { message: "We are back at 9.".to_owned() },
            json!({"type": "notice", "message": "We are back at 9."}),
        ),
    ]
}

fn all_recorded() -> Vec<(ServerMessage, Value)> {
    recorded().into_iter().chain(crate::protocol::live_tests::recorded()).collect()
}

#[test]
fn every_server_message_equals_its_recorded_frame() {
    for (message, frame) in all_recorded() {
        let json = ServerFrame { message: &message, id: None, offset: None }.to_json();
        let sent: Value = serde_json::from_str(&json).expect("a frame is JSON");
        assert_eq!(sent, frame);
        assert_eq!(sent["type"], message.kind());
    }
}

#[test]
fn the_recording_has_every_message_type_of_the_schema() {
    let schema = serde_json::to_string(&schemas()).expect("schemas are JSON");
    let recorded: Vec<&str> = all_recorded().iter().map(|(message, _)| message.kind()).collect();
    for kind in [
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
        "handoff",
        "agent_joined",
        "agent_left",
        "message",
        "agent_typing",
        "ack",
    ] {
        assert!(recorded.contains(&kind), "{kind} is recorded");
        assert!(schema.contains(&format!("\"{kind}\"")), "{kind} is in the schema");
    }
}

#[test]
fn id_and_offset_are_fields_beside_those_of_the_message() {
    let message = ServerMessage::AnswerChunk { content: "x".to_owned() };
    let text = MessageId::Text("a1".to_owned());
    let json = ServerFrame { message: &message, id: Some(&text), offset: Some(3) }.to_json();
    let sent: Value = serde_json::from_str(&json).expect("a frame is JSON");
    assert_eq!(sent, json!({"type": "answer_chunk", "content": "x", "id": "a1", "offset": 3}));
    let number = MessageId::Number(7.into());
    let json = ServerFrame { message: &message, id: Some(&number), offset: None }.to_json();
    let sent: Value = serde_json::from_str(&json).expect("a frame is JSON");
    assert_eq!(sent, json!({"type": "answer_chunk", "content": "x", "id": 7}));
}

#[test]
fn a_numeric_id_is_echoed_unchanged_also_from_a_checkpoint() {
    for sent in ["7", "-7", "18446744073709551615", "1.5", "1844674401000000000000", "1e21"] {
        let text = format!(r#"{{"type": "cancel", "id": {sent}}}"#);
        let frame = ClientFrame::parse(&text).expect("a message");
        let id = frame.id.expect("it has an id");
        // A message that is read only after half of a surrogate pair was removed.
        let text = format!(r#"{{"type": "cancel", "note": "\ud83d", "id": {sent}}}"#);
        let beside = ClientFrame::parse(&text).expect("a message").id;
        assert_eq!(beside.as_ref(), Some(&id), "{sent}");
        let echoed = serde_json::to_string(&id).expect("JSON");
        let number = |text: &str| text.parse::<f64>().expect("a number");
        assert_eq!(
            number(&echoed).to_bits(),
            number(sent).to_bits(),
            "{sent} came back as {echoed}"
        );
        let parsed: MessageId = serde_json::from_str(&echoed).expect("an id");
        assert_eq!(parsed, id);
    }
}

#[test]
fn an_error_code_is_serialized_as_its_name() {
    for &code in ErrorCode::VARIANTS {
        assert_eq!(serde_json::to_value(code).expect("a code is JSON"), code.as_str());
    }
}
