//! Sessions on live sockets, with failures and refusals.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

pub(crate) use super::test_pod::{Client, TestPod, eventually};
use crate::supervision::Fault;
use crate::{Announced, FaultNotInjected, Invalidate, OtherPods};
use hsc_conversation::protocol::CloseReason;

#[actix::test]
async fn a_thousand_sessions_that_panic_all_answer_on_the_same_socket() {
    let stage = TestPod::new(|settings| settings.sessions.max_answers = 1_000).await;
    let clients = futures::future::join_all((0..1_000).map(|_| async {
        let mut client = stage.client().await;
        client.say(stage.ask()).await;
        client.receive("answer_chunk").await;
        client.receive("answer_chunk").await;
        client
    }))
    .await;
    assert_eq!(stage.pod.inject_fault("session", Fault::Panic).await, Ok(1_000));
    eventually("all were begun again", || {
        stage.says("hsc_actor_restarts_total{actor=\"session\",reason=\"panicked\"} 1000")
    })
    .await;
    stage.open_the_gate();
    let still_here = futures::future::join_all(clients.into_iter().map(|mut client| async move {
        client.receive("final_answer").await;
        assert_eq!(client.answer(), "one two three", "nothing lost, nothing twice");
        assert_eq!(client.offsets(), [1, 2, 3, 4, 5]);
        client.say(json!({ "type": "typing", "content": "a", "id": "t" })).await;
        assert_eq!(client.receive("prediction").await["id"], "t");
        client
    }))
    .await;
    assert_eq!(stage.pod.sessions().count(), still_here.len());
}

#[actix::test]
async fn a_session_that_fails_repeatedly_is_closed_and_other_sessions_stay_open() {
    let stage = TestPod::new(|settings| settings.actors.max_restarts = 3).await;
    let (mut failing, mut neighbour) = (stage.client().await, stage.client().await);
    failing.say(json!({ "type": "hello" })).await;
    let conversation =
        failing.receive("welcome").await["conversation"].as_str().unwrap().to_owned();
    let info = stage.pod.sessions().of_conversation(&conversation).unwrap();
    for _ in 0..4 {
        stage.pod.sessions().send(info.key, crate::session_registry::Deliver::Panic);
    }
    assert_eq!(failing.close_code().await, 1011);
    neighbour.say(json!({ "type": "typing", "content": "a" })).await;
    neighbour.receive("prediction").await;
    eventually("its place is free", || stage.pod.sessions().count() == 1).await;
}

#[actix::test]
async fn the_tree_shows_the_newest_sessions_and_a_fault_can_target_one() {
    let stage = TestPod::new(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        let mut client = stage.client().await;
        client.say(json!({ "type": "hello" })).await;
        client.receive("welcome").await;
        clients.push(client);
    }
    let shown = || stage.pod.tree().find_mut("sessions").unwrap().children.clone();
    let newest = shown();
    assert_eq!(newest.len(), 50, "a page, not a hundred thousand");
    let keys: Vec<u64> = newest
        .iter()
        .map(|it| it.name.strip_prefix("session.").unwrap().parse().unwrap())
        .collect();
    assert!(keys.is_sorted_by(|one, next| one > next), "{keys:?}");
    // The newest session is the first on the page.
    let mut chosen = clients.pop().unwrap();
    chosen.say(stage.ask()).await;
    chosen.receive("answer_chunk").await;
    eventually("it shows how far its answer is", || shown()[0].observed["offset"] == 2).await;
    let name = shown()[0].name.clone();
    assert_eq!(shown()[0].observed["answering"], true);
    assert_eq!(shown()[0].observed["product"], stage.product.as_str());
    assert!(!format!("{:?}", shown()[0]).contains("count"), "not what the customer typed");

    assert_eq!(stage.pod.inject_fault(&name, Fault::Panic).await, Ok(1));
    eventually("its crash is shown", || shown()[0].restarts == 1).await;
    assert_eq!(shown()[0].last_reason.as_deref(), Some("panicked: a panic on demand"));
    assert_eq!(shown().iter().map(|session| session.restarts).sum::<u64>(), 1, "and no other's");
    stage.open_the_gate();
    chosen.receive("final_answer").await;
    assert_eq!(chosen.answer(), "one two three");

    let hang = stage.pod.inject_fault(&name, Fault::Hang { ms: 1 }).await;
    assert_eq!(hang, Err(FaultNotInjected::NotInASession));
    assert_eq!(stage.pod.inject_fault(&name, Fault::Stop).await, Ok(1));
    eventually("it is gone", || stage.pod.sessions().count() == 59).await;
    assert_eq!(
        stage.pod.inject_fault(&name, Fault::Panic).await,
        Err(FaultNotInjected::NoSuchActor)
    );
    assert!(stage.says("hsc_actor_up{actor=\"session\"} 59"));
}

#[actix::test]
async fn the_options_of_a_hello_survive_a_crash() {
    let stage = TestPod::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(json!({ "type": "hello", "compact": true })).await;
    let before = client.receive("welcome").await;
    assert_eq!(stage.pod.inject_fault("session", Fault::Panic).await, Ok(1));
    client.say(json!({ "type": "typing", "content": "a" })).await;
    let lean = client.receive("prediction").await;
    assert!(lean["data"][0]["matched"].is_array(), "still compact: {lean}");
    client.say(json!({ "type": "hello", "compact": true })).await;
    assert_eq!(client.receive("welcome").await["conversation"], before["conversation"]);
}

#[actix::test]
async fn an_answer_that_differs_after_a_crash_ends_as_interrupted() {
    let stage = TestPod::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    client.receive("answer_chunk").await;
    client.receive("answer_chunk").await;
    stage.teacher.other_words.store(true, Ordering::SeqCst);
    stage.pod.inject_fault("session", Fault::Panic).await.unwrap();
    let last = client.receive("final_answer").await;
    assert_eq!(last["reason"]["code"], "interrupted");
    assert!(client.answer().starts_with("one two "));
    assert_eq!(client.offsets(), [1, 2, 3, 4, 5]);
}

#[actix::test]
async fn an_answer_that_crashes_its_session_twice_is_given_up() {
    let stage = TestPod::new(|_| {}).await;
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    client.receive("answer_chunk").await;
    for _ in 0..2 {
        stage.pod.inject_fault("session", Fault::Panic).await.unwrap();
    }
    assert_eq!(client.receive("final_answer").await["reason"]["code"], "internal");
    assert!(stage.teacher.questions.load(Ordering::SeqCst) <= 2, "it is not asked a third time");
    stage.open_the_gate();
    client
        .say(json!({ "type": "query", "id": "q2", "product_id": stage.product, "query": "again" }))
        .await;
    assert_eq!(client.receive("final_answer").await["id"], "q2");
}

#[actix::test]
async fn an_answerer_that_panics_fails_its_answer_and_closes_no_socket() {
    let stage = TestPod::new(|_| {}).await;
    let lost = "hsc_answers_lost_total{reason=\"panicked\"}";
    assert!(stage.says(&format!("{lost} 0")), "it is there before the first one");
    stage.teacher.panics.store(true, Ordering::SeqCst);
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    assert_eq!(client.receive("final_answer").await["reason"]["code"], "internal");
    client.say(json!({ "type": "typing", "content": "a" })).await;
    client.receive("prediction").await;
    assert!(stage.says(&format!("{lost} 1")));
}

#[actix::test]
async fn an_answer_that_ends_too_early_is_an_error_and_is_counted() {
    let stage = TestPod::new(|_| {}).await;
    stage.teacher.ends_early.store(true, Ordering::SeqCst);
    stage.open_the_gate();
    let mut client = stage.client().await;
    client.say(stage.ask()).await;
    assert_eq!(client.receive("final_answer").await["reason"]["code"], "internal");
    assert!(stage.says("hsc_answers_lost_total{reason=\"incomplete\"} 1"));
    stage.teacher.ends_early.store(false, Ordering::SeqCst);
    client
        .say(json!({ "type": "query", "id": "q2", "product_id": stage.product, "query": "again" }))
        .await;
    assert_eq!(client.receive("final_answer").await["id"], "q2");
    let lost = "hsc_answers_lost_total{reason=\"incomplete\"} 1";
    assert!(stage.says(lost), "a whole answer is not lost");
    assert!(stage.says("hsc_answers_lost_total{reason=\"panicked\"} 0"));
}

#[actix::test]
async fn answers_above_the_limit_are_queued_and_refused_when_the_queue_is_full() {
    let stage = TestPod::new(|settings| {
        settings.sessions.max_answers = 1;
        settings.sessions.max_waiting_answers = 1;
    })
    .await;
    let (mut one, mut two, mut three) =
        (stage.client().await, stage.client().await, stage.client().await);
    one.say(stage.ask()).await;
    one.receive("answer_chunk").await;
    two.say(stage.ask()).await;
    assert_eq!(two.receive("queue").await["place"], 1);
    three.say(stage.ask()).await;
    assert_eq!(three.receive("final_answer").await["reason"]["code"], "busy");
    stage.open_the_gate();
    one.receive("final_answer").await;
    two.receive("final_answer").await;
    assert_eq!(two.answer(), "one two three");
    three.say(json!({ "type": "typing", "content": "a" })).await;
    three.receive("prediction").await;
}

/// Asks with a picture of this many bytes.
fn ask_about(stage: &TestPod, id: &str, bytes: usize) -> Value {
    let file = [b"\x89PNG".as_slice(), &vec![0; bytes - 4]].concat();
    let image = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, file);
    json!({
        "type": "query", "id": id, "product_id": stage.product, "query": "what is this?", "image": image
    })
}

#[actix::test]
async fn an_image_above_the_budget_is_refused_with_its_question_and_each_end_releases_bytes() {
    // A picture of 3,000 bytes takes 7,000, including its base64.
    let stage = TestPod::new(|settings| settings.sessions.max_image_bytes = 7_100).await;
    stage.teacher.sees_pictures.store(true, Ordering::SeqCst);
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    two.say(json!({ "type": "hello" })).await;
    two.receive("welcome").await;
    one.say(ask_about(&stage, "a", 3_000)).await;
    one.receive("answer_chunk").await;
    assert!(stage.says("hsc_question_image_bytes 7000"));
    two.say(ask_about(&stage, "b", 300)).await;
    let refused = two.receive("final_answer").await;
    assert_eq!(refused["reason"]["code"], "too_many_pictures", "{refused}");
    assert_eq!((&refused["id"], &refused["question"]), (&json!("b"), &json!("what is this?")));
    assert!(two.answer().contains("in a moment, or without the picture"), "{}", two.answer());
    assert!(stage.says("hsc_question_images_refused_total{scope=\"pod\"} 1"));
    // A cancelled question returns its share, also one in the queue.
    one.say(ask_about(&stage, "c", 30)).await;
    eventually("both are held", || stage.says("hsc_question_image_bytes 7070")).await;
    one.say(json!({ "type": "cancel" })).await;
    one.receive("final_answer").await;
    eventually("its room is free", || stage.says("hsc_question_image_bytes 0")).await;
    // A crash keeps the picture, and the end of the socket returns its share.
    one.say(ask_about(&stage, "d", 3_000)).await;
    one.receive("answer_chunk").await;
    assert_eq!(stage.pod.inject_fault("session", Fault::Panic).await, Ok(2));
    eventually("it goes on", || stage.teacher.questions.load(Ordering::SeqCst) == 3).await;
    assert!(stage.says("hsc_question_image_bytes 7000"));
    drop(one);
    eventually("its room is free", || stage.says("hsc_question_image_bytes 0")).await;
    two.say(ask_about(&stage, "e", 3_000)).await;
    two.receive("answer_chunk").await;
    stage.open_the_gate();
    assert_eq!(two.receive("final_answer").await["reason"], Value::Null);
    eventually("its room is free", || stage.says("hsc_question_image_bytes 0")).await;
}

#[actix::test]
async fn an_image_that_the_answerer_does_not_read_is_not_stored() {
    let stage = TestPod::new(|settings| settings.sessions.max_image_bytes = 0).await;
    let mut client = stage.client().await;
    client.say(ask_about(&stage, "a", 3_000)).await;
    client.receive("answer_chunk").await;
    assert!(stage.says("hsc_question_image_bytes 0"));
    let seen = stage.teacher.images.lock().expect("no test panics while it holds this").clone();
    assert_eq!(
        seen,
        [Some(hsc_conversation::protocol::Image::Unseen)],
        "the answerer says that it looks at none"
    );
    stage.open_the_gate();
    assert_eq!(client.receive("final_answer").await["reason"], Value::Null);
}

#[actix::test]
async fn a_queued_question_receives_its_new_place_when_one_before_it_is_cancelled() {
    let stage = TestPod::new(|settings| settings.sessions.max_answers = 1).await;
    let mut one = stage.client().await;
    one.say(stage.ask()).await;
    one.receive("answer_chunk").await;
    let (mut two, mut three) = (stage.client().await, stage.client().await);
    two.say(stage.ask()).await;
    assert_eq!(two.receive("queue").await["place"], 1);
    three.say(stage.ask()).await;
    assert_eq!(three.receive("queue").await["place"], 2);
    two.say(json!({ "type": "cancel" })).await;
    two.receive("final_answer").await;
    assert_eq!(three.receive("queue").await["place"], 1);
    stage.open_the_gate();
    three.receive("final_answer").await;
    assert_eq!(three.answer(), "one two three");
}

#[actix::test]
async fn a_cached_answer_is_sent_without_the_answerer_until_it_is_invalidated() {
    let stage = TestPod::new(|_| {}).await;
    stage.open_the_gate();
    let mut first = stage.client().await;
    first.say(stage.ask()).await;
    first.receive("final_answer").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"answers\"} 1")).await;
    let mut second = stage.client().await;
    second.say(json!({ "type": "query", "product_id": stage.product, "query": " COUNT ?" })).await;
    second.receive("final_answer").await;
    assert_eq!(second.answer(), first.answer());
    let kinds = |client: &Client| -> Vec<Value> {
        client.received.iter().map(|message| message["type"].clone()).collect()
    };
    assert_eq!(kinds(&second), kinds(&first), "in the order of part 1");
    assert_eq!(stage.teacher.questions.load(Ordering::SeqCst), 1);
    let what = Invalidate::Product(stage.product.clone());
    let forgotten = stage.pod.caches().invalidate(what, true).await.unwrap();
    assert_eq!(forgotten.answers, 1);
    second.say(stage.ask()).await;
    second.receive("final_answer").await;
    assert_eq!(stage.teacher.questions.load(Ordering::SeqCst), 2);
}

#[actix::test]
async fn a_hot_answer_is_refreshed_before_it_expires_and_no_client_waits() {
    // It is refreshed in the last fifth of its life, which a busy machine must not miss.
    let stage = TestPod::new(|settings| settings.cache.answers.ttl_ms = 15_000).await;
    stage.open_the_gate();
    let mut first = stage.client().await;
    first.say(stage.ask()).await;
    first.receive("final_answer").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"answers\"} 1")).await;
    // From now on an answer does not finish.
    stage.teacher.gate.send_replace(false);
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(stage.client().await);
    }
    let is_made_again = || stage.teacher.questions.load(Ordering::SeqCst) == 2;
    for round in 0.. {
        for client in &mut crowd {
            client.received.clear();
            let id = format!("again {round}");
            client
                .say(json!({ "type": "query", "id": id, "product_id": stage.product, "query": "count" }))
                .await;
        }
        for client in &mut crowd {
            client.receive("final_answer").await;
            assert_eq!(
                client.answer(),
                "one two three",
                "from what was kept, while it is made again"
            );
        }
        if is_made_again() {
            break;
        }
        // No deadline: the pace of the clients; the loop has its own end.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(is_made_again(), "once, and not by each of the crowd");
    stage.open_the_gate();
    let misses = "hsc_cache_misses_total{cache=\"answers\",layer=\"l1\"} 1";
    assert!(stage.says(misses), "only the first found nothing");
}

#[actix::test]
async fn a_hot_prediction_is_refreshed_before_it_expires() {
    const LIFETIME: Duration = Duration::from_secs(2);
    let lifetime_ms = LIFETIME.as_millis() as u64;
    let stage = TestPod::new(|settings| settings.cache.predictions.ttl_ms = lifetime_ms).await;
    let mut crowd = Vec::new();
    for _ in 0..10 {
        crowd.push(stage.client().await);
    }
    let typing = json!({ "type": "typing", "content": "a" });
    crowd[0].say(typing.clone()).await;
    crowd[0].receive("prediction").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"predictions\"} 1")).await;
    let began = tokio::time::Instant::now();
    // It is refreshed when it is read in the last fifth of its life. If the machine stalls for as long, no client
    // reads it in that time, and it expires.
    let (mut last_read, mut stalls) = (began, 0);
    while began.elapsed() < 5 * LIFETIME / 2 {
        for client in &mut crowd {
            client.say(typing.clone()).await;
        }
        for client in &mut crowd {
            client.receive("prediction").await;
            client.received.clear();
            stalls += u64::from(last_read.elapsed() > LIFETIME / 10);
            last_read = tokio::time::Instant::now();
        }
        // No deadline: the pace of the clients; the loop has its own end.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let missed = |misses: u64| {
        stage
            .says(&format!("hsc_cache_misses_total{{cache=\"predictions\",layer=\"l1\"}} {misses}"))
    };
    // After an expiry each of the crowd finds nothing.
    let most = 1 + stalls * crowd.len() as u64;
    assert!((1..=most).any(missed), "{stalls} stalls: {}", stage.metrics.render());
}

#[actix::test]
async fn a_repeated_keystroke_is_answered_from_the_cache() {
    let stage = TestPod::new(|_| {}).await;
    let mut client = stage.client().await;
    let typing = |id: &str| json!({ "type": "typing", "content": "a", "id": id });
    client.say(typing("1")).await;
    let made = client.receive("prediction").await;
    eventually("it is kept", || stage.says("hsc_cache_entries{cache=\"predictions\"} 1")).await;
    client.say(typing("2")).await;
    let cached = client.receive("prediction").await;
    assert_eq!((&cached["data"], &cached["id"]), (&made["data"], &json!("2")));
    assert!(stage.says("hsc_cache_hits_total{cache=\"predictions\",layer=\"l1\"} 1"));
}

#[actix::test]
async fn sessions_are_listed_notified_and_closed() {
    let stage = TestPod::new(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(stage.client().await);
    }
    let page = |before, limit| stage.pod.sessions().page(before, limit, |_| true);
    eventually("all are in the table", || page(None, 10).len() == 3).await;
    let newest = page(None, 2);
    let rest = page(Some(newest[1].key), 10);
    assert_eq!((newest.len(), rest.len()), (2, 1));
    assert!(newest[0].key > newest[1].key && newest[1].key > rest[0].key);
    clients[0].say(stage.ask()).await;
    clients[0].receive("answer_chunk").await;
    let product = stage.product.as_str();
    let of_product =
        stage.pod.sessions().page(None, 10, |info| info.product.as_deref() == Some(product));
    assert_eq!(of_product.len(), 1);
    let announced = stage.pod.broadcast("a break at noon".to_owned()).await;
    assert_eq!(announced, Announced { here: 3, other_pods: OtherPods::None });
    for client in &mut clients {
        assert_eq!(client.receive("notice").await["message"], "a break at noon");
    }
    let asking = of_product[0].key;
    for idle in page(None, 10).into_iter().filter(|info| info.key != asking) {
        assert!(stage.pod.sessions().dismiss(idle.key));
    }
    let dismissed = CloseReason::Dismissed.code();
    assert_eq!(clients[1].close_code().await, dismissed);
    assert_eq!(clients[2].close_code().await, dismissed);
    assert!(stage.pod.sessions().dismiss(asking));
    assert_eq!(clients[0].close_code().await, dismissed);
    eventually("the table is empty", || stage.pod.sessions().count() == 0).await;
}

#[actix::test]
async fn a_stalled_reader_is_closed_and_other_clients_do_not_wait() {
    let stage = TestPod::new(|settings| settings.server.outgoing_queue_bytes = 64 * 1024).await;
    let mut stalled = stage.client().await;
    let mut other = stage.client().await;
    let sent = Arc::new(Mutex::new(0));
    // Sends much and reads nothing: the socket buffers of both sides are filled first.
    for _ in 0..20_000 {
        let typing = Message::text(json!({ "type": "typing", "content": "" }).to_string());
        let sending = tokio::time::timeout(Duration::from_millis(200), stalled.socket.send(typing));
        if !matches!(sending.await, Ok(Ok(()))) || stage.pod.sessions().count() == 1 {
            break;
        }
        *sent.lock().unwrap() += 1;
    }
    eventually("it is closed", || stage.says("hsc_ws_closed_total{code=\"1008\"} 1")).await;
    other.say(json!({ "type": "typing", "content": "a" })).await;
    other.receive("prediction").await;
    assert_eq!(stage.pod.sessions().count(), 1);
}
