//! Questions and requests are exported as spans to a collector, in one trace over pods; a collector delays no answer.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::eventually::eventually;
use crate::model::{Model, WORDS};
use crate::receiver::Receiver;
use crate::redis::Redis;
use crate::resuming::{Guest, server_with};
use crate::server::{Server, client};
use crate::shop::LIGHT;
use crate::visitor::Visitor;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn endpoint(receiver: &Receiver) -> String {
    format!("http://{}/v1/traces", receiver.name())
}

async fn traced(receiver: &Receiver, more: &[(&str, &str)]) -> Server {
    let endpoint = endpoint(receiver);
    let mut settings = vec![("traces.endpoint", &*endpoint)];
    settings.extend_from_slice(more);
    Server::with(&settings).await
}

/// A visitor whose upgrade has this `traceparent`.
async fn visitor_of(server: &Server, traceparent: &str) -> Visitor {
    let address = server.address();
    let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
    request.headers_mut().insert("traceparent", traceparent.parse().expect("a header"));
    Visitor::asking(request, address).await
}

fn sampled() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// The spans that a collector received, each with the pod that sent it as `pod`.
fn spans(receiver: &Receiver) -> Vec<Value> {
    let items = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut spans = Vec::new();
    for batch in receiver.deliveries() {
        assert_eq!(
            (&*batch.path, &*batch.headers["content-type"]),
            ("/v1/traces", "application/json")
        );
        for resource in items(&batch.body(), "resourceSpans") {
            let pod = attribute(&resource["resource"], "service.instance.id");
            for scope in items(&resource, "scopeSpans") {
                for mut span in items(&scope, "spans") {
                    span["pod"] = pod.clone();
                    spans.push(span);
                }
            }
        }
    }
    spans
}

/// The value of an attribute; null without it.
fn attribute(of: &Value, key: &str) -> Value {
    let attributes = of["attributes"].as_array().expect("attributes");
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let value =
        found.and_then(|attribute| attribute["value"].as_object()?.values().next().cloned());
    value.unwrap_or_default()
}

fn named<'a>(spans: &'a [Value], name: &str) -> Vec<&'a Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

/// True for a span of the pod with this configured name; a start adds a suffix to it.
fn is_of(span: &Value, pod: &str) -> bool {
    span["pod"].as_str().is_some_and(|name| name.split('.').next() == Some(pod))
}

/// The spans, once there are so many of each name.
async fn collected(receiver: &Receiver, expected: &[(&str, usize)]) -> Vec<Value> {
    eventually("the collector gets the spans", async || {
        let spans = spans(receiver);
        expected.iter().all(|(name, count)| named(&spans, name).len() >= *count)
    })
    .await;
    spans(receiver)
}

async fn ask(visitor: &mut Visitor, question: &str) {
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    visitor.receive_answer().await;
}

async fn greeted(mut visitor: Visitor) -> (Visitor, Value) {
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    (visitor, welcome["conversation"].clone())
}

/// The `trace` of the log lines with this message.
fn logged(server: &Server, message: &str) -> Vec<Value> {
    let lines = server.log();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["msg"] == message).map(|line| line["trace"].clone()).collect()
}

#[tokio::test]
async fn a_question_is_one_trace_from_the_upgrade_of_its_socket_to_the_log() {
    let collector = Receiver::that_answers(&[]).await;
    let server = traced(&collector, &[]).await;
    let (mut visitor, conversation) = greeted(visitor_of(&server, &sampled()).await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    let counts =
        [("question", 1), ("answer", 1), ("cache", 1), ("manual.load", 1), ("log.append", 1)];
    let spans = collected(&collector, &[&counts[..], &[("GET /ws", 1)]].concat()).await;
    assert!(spans.iter().all(|span| span["traceId"] == TRACE), "{spans:#?}");
    let one = |name: &str| {
        let [span] = named(&spans, name)[..] else { panic!("one {name} in {spans:#?}") };
        span
    };
    for (span, parent) in [
        (one("GET /ws"), &json!(CALLER)),
        (one("question"), &json!(CALLER)),
        (one("answer"), &one("question")["spanId"]),
        (one("cache"), &one("answer")["spanId"]),
        (one("manual.load"), &one("cache")["spanId"]),
    ] {
        assert_eq!(&span["parentSpanId"], parent, "{span:#}");
    }
    for append in named(&spans, "log.append") {
        assert_eq!(append["parentSpanId"], one("question")["spanId"]);
    }
    for (name, key, value) in [
        ("question", "conversation", conversation),
        ("question", "product", json!(LIGHT)),
        ("question", "outcome", json!("answered")),
        ("question", "answerer", json!("extractive")),
        ("answer", "outcome", json!("answered")),
        ("cache", "hit", json!(false)),
        ("GET /ws", "http.response.status_code", json!("101")),
    ] {
        assert_eq!(attribute(one(name), key), value, "{name} {key}");
    }
    assert!(!json!(spans).to_string().contains("fuse"), "no customer text");
    for message in ["question", "question ended"] {
        assert_eq!(logged(&server, message), [TRACE], "{message}");
    }
    assert!(logged(&server, "answered").contains(&json!(TRACE)), "the upgrade");

    // The manual is cached now.
    ask(&mut visitor, "How do I reset the lamp?").await;
    let spans = collected(&collector, &[("question", 2), ("answer", 2), ("cache", 2)]).await;
    assert_eq!(attribute(named(&spans, "cache")[1], "hit"), true);
    assert_eq!(named(&spans, "manual.load").len(), 1);
}

#[tokio::test]
async fn without_a_valid_traceparent_each_question_is_a_trace_of_its_own() {
    let collector = Receiver::that_answers(&[]).await;
    let server = traced(&collector, &[]).await;
    let zero = format!("00-{}-{CALLER}-01", "0".repeat(32));
    let (mut visitor, _) = greeted(visitor_of(&server, &zero).await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    ask(&mut visitor, "How do I reset the lamp?").await;
    let spans = collected(&collector, &[("question", 2)]).await;
    let questions = named(&spans, "question");
    assert_ne!(questions[0]["traceId"], questions[1]["traceId"]);
    assert!(questions.iter().all(|span| span.get("parentSpanId").is_none()), "{questions:#?}");
}

#[tokio::test]
async fn a_request_is_a_span_by_its_route_and_its_sender_decides_whether_it_is_recorded() {
    let collector = Receiver::that_answers(&[]).await;
    let server = traced(&collector, &[("traces.sample_ratio", "0")]).await;
    let request = async |path: &str, flags: &str| {
        let traceparent = format!("00-{TRACE}-{CALLER}-{flags}");
        let request = client().get(server.url(path)).header("traceparent", traceparent);
        request.send().await.expect("the server answers");
    };
    request("/api/price/secret-words", "00").await;
    server.get("/api/price/secret-words").await;
    request("/health", "01").await;
    request("/api/price/secret-words", "01").await;
    let spans = collected(&collector, &[("GET /api/price/{query}", 1)]).await;
    let [span] = &spans[..] else { panic!("one span: {spans:#?}") };
    assert_eq!((&span["traceId"], &span["parentSpanId"]), (&json!(TRACE), &json!(CALLER)));
    assert_eq!((&span["kind"], attribute(span, "http.request.method")), (&json!(2), json!("GET")));
    assert!(!span.to_string().contains("secret"), "{span}");
}

#[tokio::test]
async fn a_client_cannot_record_more_than_the_limit_of_incoming_traces() {
    let collector = Receiver::that_answers(&[]).await;
    let none = [("traces.sample_ratio", "0"), ("traces.incoming_per_second", "0")];
    let mut server = traced(&collector, &none).await;
    let (mut visitor, _) = greeted(visitor_of(&server, &sampled()).await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    let request = client().get(server.url("/api/brands")).header("traceparent", sampled());
    request.send().await.expect("the server answers");
    assert_eq!(logged(&server, "question"), [TRACE], "it still belongs to the trace of its sender");
    // A server that stops in order sends every recorded span first.
    server.signal("TERM");
    server.ended().await;
    assert!(spans(&collector).is_empty(), "{:#?}", spans(&collector));
}

#[tokio::test]
async fn the_answer_of_a_killed_pod_is_completed_by_another_in_the_same_trace() {
    let (redis, model) = (Redis::start().await, Model::that_stops_after(5).await);
    let collector = Receiver::that_answers(&[]).await;
    let (url, endpoint) = (redis.url(), endpoint(&collector));
    let pod = async |name: &str| {
        let settings = [
            ("redis.url", &*url),
            ("server.pod_name", name),
            ("conversations.token_keys", KEY),
            ("sessions.overload_after_ms", "0"),
            ("traces.endpoint", &*endpoint),
        ];
        let server = server_with(&model, &settings).await;
        eventually("the pod reaches Redis", async || {
            server.metric("hsc_bridge_connected").await == 1.0
                && server.json("/health").await["redis_connected"] == true
        })
        .await;
        server
    };
    let (mut one, two) = (pod("one").await, pod("two").await);
    let mut guest = Guest::new(visitor_of(&one, &sampled()).await).await;
    guest.asks("q").await;
    guest.receive_until(3).await;
    // The first batch of the first pod, so that both pods have spans in the trace.
    collected(&collector, &[("cache", 1), ("log.append", 1)]).await;
    one.signal("KILL");
    one.ended().await;
    model.goes_on();
    let completed = "hsc_conversations_completed_total{outcome=\"done\"}";
    eventually("the other pod completed it", async || two.metric(completed).await == 1.0).await;
    let spans = collected(&collector, &[("question", 1), ("answer", 1)]).await;
    let [question] = named(&spans, "question")[..] else { panic!("one question: {spans:#?}") };
    let [answer] = named(&spans, "answer")[..] else { panic!("one answer: {spans:#?}") };
    assert!(is_of(question, "two") && is_of(answer, "two"), "{spans:#?}");
    assert_eq!((&question["traceId"], &question["parentSpanId"]), (&json!(TRACE), &json!(CALLER)));
    assert_eq!((&answer["traceId"], &answer["parentSpanId"]), (&json!(TRACE), &question["spanId"]));
    let appends = named(&spans, "log.append");
    for pod in ["one", "two"] {
        let of_pod = appends.iter().find(|append| is_of(append, pod));
        let append = of_pod.unwrap_or_else(|| panic!("an append of pod {pod}: {spans:#?}"));
        assert_eq!(
            (&append["traceId"], &append["parentSpanId"]),
            (&json!(TRACE), &question["spanId"])
        );
    }
    assert_eq!(logged(&two, "question ended"), [TRACE]);
    let mut guest = guest.goes_on_over(two.visitor().await).await;
    guest.hears_the_end_of("q").await;
    assert_eq!(guest.answer("q"), WORDS.concat());
}

#[tokio::test]
async fn a_request_to_the_language_model_is_a_span_of_its_answer() {
    let (model, collector) = (Model::that_says(&WORDS).await, Receiver::that_answers(&[]).await);
    let endpoint = endpoint(&collector);
    let server = server_with(&model, &[("traces.endpoint", &*endpoint)]).await;
    let (mut visitor, _) = greeted(visitor_of(&server, &sampled()).await).await;
    ask(&mut visitor, "How do I reset the lamp?").await;
    let spans = collected(&collector, &[("llm.chat", 1), ("answer", 1)]).await;
    let [call] = named(&spans, "llm.chat")[..] else { panic!("one request: {spans:#?}") };
    let [answer] = named(&spans, "answer")[..] else { panic!("one answer: {spans:#?}") };
    assert_eq!((&call["traceId"], &call["parentSpanId"]), (&json!(TRACE), &answer["spanId"]));
    assert_eq!((&call["kind"], &call["status"]["code"]), (&json!(3), &json!(0)));
    assert_eq!(attribute(call, "server.address"), "127.0.0.1");
    for name in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
        let tokens = attribute(call, name);
        assert_ne!(tokens.as_str().expect("a number"), "0", "{name}");
    }
    assert!(!json!(spans).to_string().contains("reset"), "no customer text");

    // A model that fails: the span has the reason, and the answer goes on without it.
    let settings: Vec<(String, String)> = model.settings();
    let gone = ("answers.llm.base_url", "http://127.0.0.1:9/v1");
    let mut all: Vec<(&str, &str)> =
        settings.iter().map(|(key, value)| (&**key, &**value)).collect();
    all.retain(|(key, _)| *key != gone.0);
    all.extend([gone, ("traces.endpoint", &*endpoint)]);
    let server = Server::with(&all).await;
    ask(&mut visitor_of(&server, &sampled()).await, "How do I reset the lamp?").await;
    let spans = collected(&collector, &[("llm.chat", 2), ("answer", 2)]).await;
    let failed = named(&spans, "llm.chat").into_iter().find(|span| span["status"]["code"] == 2);
    let failed = failed.unwrap_or_else(|| panic!("a request that failed: {spans:#?}"));
    assert_eq!(attribute(failed, "error"), "unreachable");
}

#[tokio::test]
async fn traces_are_off_by_default() {
    let server = Server::start().await;
    let (mut visitor, _) = greeted(visitor_of(&server, &sampled()).await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    let actors = server.actors().await;
    assert!(actors.iter().all(|actor| actor["name"] != "traces.exporter"), "nothing exports");
    assert_eq!(logged(&server, "question"), [Value::Null]);
    assert!(!server.log().contains(TRACE) && logged(&server, "question ended").is_empty());
}

#[tokio::test]
async fn a_collector_that_hangs_delays_no_answer() {
    let collector = Receiver::that_answers(&["hang"]).await;
    let server = traced(&collector, &[("traces.timeout_ms", "60000")]).await;
    let (mut visitor, _) = greeted(server.visitor().await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    let batches = || collector.deliveries().len();
    eventually("a batch is on its way", async || batches() == 1).await;
    ask(&mut visitor, "How do I reset the lamp?").await;
    ask(&mut visitor, "How heavy is it?").await;
    assert_eq!(batches(), 1, "the exporter waits for the collector, the answers did not");
    assert_eq!(server.metric("hsc_spans_exported_total").await, 0.0);
}

#[tokio::test]
async fn batches_that_a_collector_refuses_are_dropped_and_counted_and_later_ones_are_accepted() {
    let collector = Receiver::that_answers(&["500 No", "503 No"]).await;
    let server = traced(&collector, &[]).await;
    let (mut visitor, _) = greeted(server.visitor().await).await;
    let dropped = "hsc_spans_dropped_total{reason=\"not_exported\"}";
    let batch = async |visitor: &mut Visitor, metric: &str| {
        let before = server.metric(metric).await;
        ask(visitor, "How do I replace the fuse?").await;
        eventually("the batch has ended", async || server.metric(metric).await > before).await;
    };
    batch(&mut visitor, dropped).await;
    eventually("two batches were refused", async || {
        ask(&mut visitor, "How do I reset the lamp?").await;
        collector.deliveries().len() >= 2
    })
    .await;
    batch(&mut visitor, "hsc_spans_exported_total").await;
    let refused = "the trace collector did not accept a batch of spans";
    assert!(!logged(&server, refused).is_empty());
}

#[tokio::test]
async fn a_server_that_stops_exports_its_last_spans() {
    let collector = Receiver::that_answers(&[]).await;
    let mut server = traced(&collector, &[]).await;
    let (mut visitor, _) = greeted(server.visitor().await).await;
    ask(&mut visitor, "How do I replace the fuse?").await;
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0));
    assert_eq!(named(&spans(&collector), "question").len(), 1);
}
