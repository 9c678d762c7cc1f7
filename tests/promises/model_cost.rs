//! The cost of the language model is bounded, and every visitor gets an answer nevertheless.

use std::time::Instant;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::model::Model;
use crate::server::Server;
use crate::shop::LIGHT;
use crate::visitor::Visitor;

const WORDS: [&str; 1] = ["Hold the Menu button for ten seconds [MANUAL: page 3]."];

/// A server with this model and these settings.
async fn server(model: &Model, settings: &[(&str, &str)]) -> Server {
    let of_model = model.settings();
    let mut all: Vec<(&str, &str)> =
        of_model.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    all.extend(settings);
    Server::with(&all).await
}

/// Asks so many questions, one after the other, and returns the text and the end of each answer.
async fn ask(visitor: &mut Visitor, name: usize, questions: usize) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for number in 0..questions {
        let question = format!("How do I reset the lamp to factory settings, {name} {number}?");
        visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
        let received = visitor.receive_answer().await;
        let chunks = received.iter().filter(|message| message["type"] == "answer_chunk");
        let text = chunks.filter_map(|chunk| chunk["content"].as_str()).collect();
        answers.push((text, received.last().expect("an end").clone()));
    }
    answers
}

#[tokio::test]
async fn ten_sockets_of_one_client_share_the_model_quota_of_one_client() {
    const SOCKETS: usize = 10;
    const QUESTIONS: usize = 12;
    const PER_MINUTE: usize = 20;
    let model = Model::that_says(&WORDS).await;
    let per_minute = PER_MINUTE.to_string();
    let server =
        server(&model, &[("answers.llm.answers_per_minute_per_client", &per_minute)]).await;
    let began = Instant::now();
    let asking = (0..SOCKETS).map(async |socket| {
        let mut visitor = server.visitor().await;
        ask(&mut visitor, socket, QUESTIONS).await
    });
    let answers: Vec<(String, Value)> = join_all(asking).await.into_iter().flatten().collect();
    assert_eq!(answers.len(), SOCKETS * QUESTIONS, "each question has an answer");
    // A quota is refilled while it is used; a slow machine gives it more time.
    let refilled = began.elapsed().as_secs() as usize * PER_MINUTE / 60 + 1;
    assert!(model.requests() >= PER_MINUTE, "{}", model.requests());
    assert!(model.requests() <= PER_MINUTE + refilled, "{} with {refilled}", model.requests());
    let (by_model, by_manual): (Vec<_>, Vec<_>) =
        answers.iter().partition(|(_, end)| end["answerer"] == "llm");
    assert_eq!(by_model.len(), model.requests());
    for (text, end) in by_manual {
        assert_eq!((&end["answerer"], &end["fallback"]), (&json!("extractive"), &json!(true)));
        assert!(text.contains("as many answers as it may"), "{text}");
        assert!(text.contains("ten seconds"), "{text}");
    }
    let limited = "hsc_llm_limited_total{limit=\"answers\",scope=\"client\"}";
    assert_eq!(server.metric(limited).await as usize, answers.len() - model.requests());
}

#[tokio::test]
async fn a_conversation_and_a_pod_have_separate_quotas_of_answers_and_tokens() {
    for (setting, limit, scope, used) in [
        ("answers.llm.answers_per_minute_per_conversation", "2", "conversation", "answers"),
        ("answers.llm.answers_per_minute", "2", "pod", "answers"),
        ("answers.llm.tokens_per_day_per_conversation", "1500", "conversation", "tokens"),
        ("answers.llm.tokens_per_day", "1500", "pod", "tokens"),
    ] {
        let model = Model::that_says(&WORDS).await;
        let server = server(&model, &[(setting, limit)]).await;
        let mut visitor = server.visitor().await;
        let answers = ask(&mut visitor, 0, 8).await;
        assert!((1..8).contains(&model.requests()), "{setting}: {}", model.requests());
        let (text, end) = &answers[7];
        assert_eq!(end["fallback"], true, "{setting}");
        assert!(text.contains("ten seconds"), "{setting}: {text}");
        let limited = format!("hsc_llm_limited_total{{limit=\"{used}\",scope=\"{scope}\"}}");
        assert!(server.metric(&limited).await >= 1.0, "{setting}");
        // Another conversation has its own quota; the pod has one for all.
        let before = model.requests();
        ask(&mut server.visitor().await, 1, 1).await;
        assert_eq!(model.requests() > before, scope == "conversation", "{setting}");
        assert!(server.metric("hsc_llm_tokens_total{kind=\"prompt\"}").await > 0.0, "{setting}");
    }
}
