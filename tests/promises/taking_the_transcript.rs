//! A visitor downloads the transcript: complete, in order, without other conversations or internal notes.

use reqwest::Response;
use serde_json::{Value, json};

use crate::agents::{YAEL, agent, until, welcomed_and_waiting};
use crate::eventually::eventually;
use crate::identity_visitors::{KEY, signed};
use crate::member::{archive_of, code_of, json_of, with_team};
use crate::receiver::Receiver;
use crate::redis::Redis;
use crate::server::{Server, client};
use crate::shop::{LIGHT, Shop};
use crate::visitor::Visitor;

const QUESTION: &str = "How heavy is it?";

async fn transcript(server: &Server, token: &str, form: &str) -> Response {
    let request = client().get(server.url(&format!("/api/transcript?format={form}")));
    request.header("x-conversation-token", token).send().await.expect("the server answers")
}

fn token_of(welcome: &Value) -> String {
    welcome["token"].as_str().expect("a token").to_owned()
}

/// A visitor with an answered question; the token.
async fn asked_question(server: &Server, question: &str) -> (Visitor, String) {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    visitor.receive_answer().await;
    (visitor, token_of(&welcome))
}

#[tokio::test]
async fn a_visitor_downloads_the_transcript_as_text_and_as_json() {
    let server = Server::start().await;
    let (_visitor, token) = asked_question(&server, QUESTION).await;
    eventually("the archive knows when", async || {
        let reply = json_of(transcript(&server, &token, "json").await).await;
        reply["lines"][1]["at_ms"].is_u64()
    })
    .await;
    let response = transcript(&server, &token, "text").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(
        response.headers()["content-disposition"],
        "attachment; filename=\"conversation.txt\""
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = response.text().await.expect("text");
    let manual = format!("Manual: {}", server.url(&format!("/manuals/{LIGHT}")));
    for part in [
        "UTC] You (about Nordlicht NL-200 Stage Light):",
        QUESTION,
        "UTC] The manual:",
        "7.5 kg",
        "[page ",
        &manual,
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    assert!(!text.contains("[MANUAL"), "{text}");
    let reply = json_of(transcript(&server, &token, "json").await).await;
    assert_eq!(reply["whole"], true);
    let (question, answer) = (&reply["lines"][0], &reply["lines"][1]);
    assert_eq!((&question["who"], &question["text"]), (&json!("visitor"), &json!(QUESTION)));
    assert_eq!((&answer["who"], &answer["product"]), (&json!("machine"), &json!(LIGHT)));
    assert!(answer["pages"][0]["page"].is_u64(), "{answer}");
}

#[tokio::test]
async fn a_token_opens_only_its_own_conversation() {
    let server = Server::with(&[("server.allowed_origins", "https://shop.example")]).await;
    let (_one, token) = asked_question(&server, QUESTION).await;
    let (_other, others) = asked_question(&server, "How do I replace the fuse?").await;
    let text = transcript(&server, &others, "text").await.text().await.expect("text");
    assert!(text.contains("fuse") && !text.contains(QUESTION), "{text}");
    let none = server.get("/api/transcript").await;
    assert_eq!(code_of(none).await, (401, "no_token".to_owned()));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (own, other) = (parts(&token), parts(&others));
    let mut mixed = own.clone();
    // The signature of one conversation with the id of another.
    mixed[4].clone_from(&other[4]);
    for forged in ["x".to_owned(), mixed.join("."), format!("{token}x"), "..../../etc".to_owned()] {
        let refused = transcript(&server, &forged, "text").await;
        assert_eq!(code_of(refused).await, (403, "wrong_token".to_owned()), "{forged}");
    }
    let request =
        client().get(server.url("/api/transcript")).header("origin", "https://evil.example");
    let refused = request.header("x-conversation-token", &token).send().await.expect("an answer");
    assert_eq!(code_of(refused).await, (403, "origin_not_allowed".to_owned()));
    let wrong = transcript(&server, &token, "pdf").await;
    assert_eq!(code_of(wrong).await, (400, "invalid_request".to_owned()));
    let mut silent = server.visitor().await;
    silent.say(json!({ "type": "hello" })).await;
    let nothing = transcript(&server, &token_of(&silent.receive().await), "text").await;
    assert_eq!(code_of(nothing).await, (404, "nothing_said".to_owned()));
}

#[tokio::test]
async fn an_expired_token_is_refused_with_its_code() {
    let short = [("conversations.token_ttl_ms", "1500"), ("conversations.ttl_ms", "1500")];
    let server = Server::with(&short).await;
    let (_visitor, token) = asked_question(&server, QUESTION).await;
    eventually("it is too old", async || transcript(&server, &token, "text").await.status() == 401)
        .await;
    let refused = transcript(&server, &token, "text").await;
    assert_eq!(code_of(refused).await, (401, "token_expired".to_owned()));
}

#[tokio::test]
async fn notes_of_the_team_are_not_in_the_transcript() {
    let server = with_team(&[]).await;
    let mut yael = agent(&server, YAEL).await;
    let (mut visitor, welcome) = welcomed_and_waiting(&server).await;
    let conversation = welcome["conversation"].clone();
    visitor.say(json!({ "type": "message", "content": "<b>Hello?</b>" })).await;
    yael.say(json!({ "type": "take", "conversation": conversation })).await;
    until(&mut visitor, |frame| frame["state"] == "with_agent").await;
    yael.say(json!({ "type": "note", "conversation": conversation, "content": "A difficult one.", "id": "n" }))
        .await;
    until(&mut yael, |frame| frame["id"] == "n").await;
    yael.say(json!({ "type": "say", "conversation": conversation, "content": "Hold it." })).await;
    until(&mut visitor, |frame| frame["type"] == "message" && frame["from"] == "agent").await;
    for form in ["text", "json"] {
        let text = transcript(&server, &token_of(&welcome), form).await.text().await.expect("text");
        let hello = if form == "text" { "You:\n<b>Hello?</b>" } else { "<b>Hello?</b>" };
        assert!(text.contains(hello) && text.contains("Hold it."), "{text}");
        assert!(text.contains("joined.") && !text.contains("difficult"), "{text}");
    }
}

#[tokio::test]
async fn entries_removed_from_the_log_are_read_from_the_archive() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let settings = [("archive.path", path.as_str()), ("conversations.window", "1")];
    let server = Server::of(shop, &settings).await;
    let (_visitor, token) = asked_question(&server, QUESTION).await;
    eventually("the archive has it", async || {
        let text = transcript(&server, &token, "text").await.text().await.unwrap_or_default();
        text.contains("7.5 kg") && text.contains(QUESTION) && !text.contains("not kept any more")
    })
    .await;
}

#[tokio::test]
async fn a_transcript_requested_by_mail_is_sent_to_the_webhook() {
    let receiver = Receiver::that_answers(&[]).await;
    let (endpoints, name) = (receiver.taking(r#""transcript.requested""#), receiver.name());
    let settings = [
        ("webhooks.endpoints", &*endpoints),
        ("webhooks.allowed_hosts", &*name),
        ("offline_messages.per_address", "4"),
    ];
    let server = Server::with(&settings).await;
    assert_eq!(server.json("/api/visitor/options").await["transcript"]["send"], true);
    let (_visitor, token) = asked_question(&server, QUESTION).await;
    let address = "yael@example.test";
    let confirmed = send(&server, &token, json!({ "address": address })).await;
    assert_eq!(confirmed.status(), 202);
    assert_eq!(json_of(confirmed).await, json!({ "state": "confirm" }));
    eventually("the code is told", async || receiver.deliveries().len() == 1).await;
    let reply = receiver.deliveries()[0].body();
    assert_eq!(
        (&reply["type"], &reply["data"]["address"], &reply["data"]["state"]),
        (&json!("transcript.requested"), &json!(address), &json!("confirm"))
    );
    let text = reply["data"]["text"].as_str().expect("text");
    assert!(!text.contains(QUESTION) && !text.contains("://"), "nothing of a visitor: {text}");
    let code =
        text.lines().next().and_then(|line| line.strip_prefix("Your code is ")).expect("a code");

    let of_another = json!({ "address": "noa@example.test", "code": code });
    let wrong = send(&server, &token, of_another).await;
    assert_eq!(code_of(wrong).await, (403, "wrong_code".to_owned()));
    let (_other, others) = asked_question(&server, "How do I replace the fuse?").await;
    let of_another = send(&server, &others, json!({ "address": address, "code": code })).await;
    assert_eq!(code_of(of_another).await, (403, "wrong_code".to_owned()));
    let sent = send(&server, &token, json!({ "address": address, "code": code })).await;
    assert_eq!(json_of(sent).await, json!({ "state": "sent" }));
    eventually("the webhook is delivered", async || receiver.deliveries().len() == 2).await;
    let reply = receiver.deliveries()[1].body();
    assert_eq!(
        (&reply["data"]["address"], &reply["data"]["state"]),
        (&json!(address), &json!("sent"))
    );
    let text = reply["data"]["text"].as_str().expect("text");
    assert!(text.contains(QUESTION) && text.contains("7.5 kg"), "{text}");
    let too_many = send(&server, &token, json!({ "address": address })).await;
    assert_eq!(code_of(too_many).await, (429, "too_many".to_owned()), "four from this client");
    assert_eq!(receiver.deliveries().len(), 2, "no word of it went to anybody else");
}

/// `POST /api/transcript/send`, sent to a foreign host name.
async fn send(server: &Server, token: &str, body: Value) -> Response {
    let request = client().post(server.url("/api/transcript/send"));
    let request = request.header("x-conversation-token", token).header("host", "evil.example");
    let request = request.header("x-forwarded-host", "evil.example");
    request.json(&body).send().await.expect("the server answers")
}

#[tokio::test]
async fn a_signed_visitor_receives_the_transcript_with_links_from_the_settings_only() {
    for (public_url, link) in [("", None), ("https://chat.example", Some("https://chat.example/"))]
    {
        let receiver = Receiver::that_answers(&[]).await;
        let (endpoints, name) = (receiver.taking(r#""transcript.requested""#), receiver.name());
        let shop = Shop::new();
        let path = archive_of(&shop);
        let settings = [
            ("webhooks.endpoints", &*endpoints),
            ("webhooks.allowed_hosts", &*name),
            ("server.public_url", public_url),
            ("archive.path", &*path),
            ("visitors.key", KEY),
            ("offline_messages.per_address", "1000"),
        ];
        let server = Server::of(shop, &settings).await;
        let claims = json!({ "sub": "c-17", "name": "Noa", "email": "Noa@example.test",
            "exp": jiff::Timestamp::now().as_second() + 600 });
        let noa = signed(KEY, &json!({ "alg": "HS256" }), &claims);
        let mut visitor = server.visitor().await;
        visitor.say(json!({ "type": "hello", "visitor": noa })).await;
        let token = token_of(&visitor.receive().await);
        visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": QUESTION })).await;
        visitor.receive_answer().await;
        eventually("the archive knows the visitor's address", async || {
            let sent = send(&server, &token, json!({ "address": "noa@example.test" })).await;
            assert_eq!(sent.status(), 202);
            json_of(sent).await["state"] == "sent"
        })
        .await;
        let is_sent =
            |delivery: &crate::receiver::Delivery| delivery.body()["data"]["state"] == "sent";
        eventually("the webhook is delivered", async || receiver.deliveries().iter().any(is_sent))
            .await;
        let reply = receiver.deliveries().into_iter().find(is_sent).expect("one").body();
        let text = reply["data"]["text"].as_str().expect("text");
        assert!(text.contains(QUESTION) && !text.contains("evil.example"), "{text}");
        match link {
            Some(link) => assert!(text.contains(&format!("Manual: {link}manuals/")), "{text}"),
            None => assert!(!text.contains("://"), "{text}"),
        }
        let other = send(&server, &token, json!({ "address": "ada@example.test" })).await;
        assert_eq!(json_of(other).await, json!({ "state": "confirm" }), "of somebody else");
    }
}

#[tokio::test]
async fn a_bye_invalidates_the_tokens_of_the_conversation_on_every_pod() {
    let redis = Redis::start().await;
    let url = redis.url();
    let settings = [
        ("redis.url", &*url),
        ("conversations.token_keys", "a-key-that-both-pods-of-this-test-know"),
    ];
    let (one, two) = (Server::with(&settings).await, Server::with(&settings).await);
    for pod in [&one, &two] {
        eventually("the pod found Redis", async || {
            pod.json("/health").await["redis_connected"] == true
        })
        .await;
    }
    let mut visitor = one.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    let (conversation, before) = (welcome["conversation"].clone(), token_of(&welcome));
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": QUESTION })).await;
    let answer = visitor.receive_answer().await;
    let offset = answer.last().expect("an answer")["offset"].clone();
    assert_eq!(transcript(&two, &before, "text").await.status(), 200);

    visitor.say(json!({ "type": "bye" })).await;
    let last = until(&mut visitor, |frame| frame["type"] == "welcome").await;
    assert_eq!(last["conversation"], conversation);
    let after = token_of(&last);
    for pod in [&one, &two] {
        eventually("the token of before is over", async || {
            transcript(pod, &before, "text").await.status() == 401
        })
        .await;
        let refused = transcript(pod, &before, "text").await;
        assert_eq!(code_of(refused).await, (401, "token_expired".to_owned()));
        // The token that came with the end downloads the transcript, and opens nothing else.
        assert_eq!(transcript(pod, &after, "text").await.status(), 200);
        let request = client().post(pod.url("/api/uploads")).header("x-conversation-token", &after);
        let refused = request.body("x").send().await.expect("the server answers");
        assert_eq!(code_of(refused).await, (401, "token_expired".to_owned()));
    }
    let resumed = async |token: &str| {
        let mut again = two.visitor().await;
        let resume = json!({ "conversation": conversation, "token": token, "after": offset });
        again.say(json!({ "type": "hello", "resume": resume })).await;
        let welcome = until(&mut again, |frame| frame["type"] == "welcome").await;
        (welcome["recovered"].clone(), welcome["reason"].clone())
    };
    let ended = json!("the conversation was ended; a new one was begun");
    assert_eq!(resumed(&before).await, (json!(false), ended));
    assert_eq!(resumed(&after).await.0, json!(true), "whose rating was lost says it again");
}

#[tokio::test]
async fn a_transcript_is_sent_only_with_a_configured_webhook() {
    let server = Server::start().await;
    let (_visitor, token) = asked_question(&server, QUESTION).await;
    let send = async |address: &str| {
        let request = client().post(server.url("/api/transcript/send"));
        let request = request.header("x-conversation-token", &token);
        let request = request.json(&json!({ "address": address })).send().await;
        code_of(request.expect("the server answers")).await
    };
    assert_eq!(send("yael@example.test").await, (409, "no_webhook".to_owned()));
    assert_eq!(send("nobody").await, (400, "invalid_request".to_owned()));
    let options = server.json("/api/visitor/options").await;
    assert_eq!(options["transcript"], json!({ "send": false }));
}

#[tokio::test]
async fn the_options_list_the_available_features() {
    let server = with_team(&[]).await;
    let options = server.json("/api/visitor/options").await;
    assert_eq!(
        options,
        json!({
            "uploads": { "enabled": true, "max_bytes": 8_388_608, "types": ["image/png", "image/jpeg"] },
            "transcript": { "send": false },
            "desk": { "open": true, "agents": 0 },
            "leave_message": true,
        })
    );
    let _yael = agent(&server, YAEL).await;
    eventually("somebody is there", async || {
        server.json("/api/visitor/options").await["desk"]["agents"] == 1
    })
    .await;
}
