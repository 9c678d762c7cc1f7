//! The sentence encoder in the server: a missing, damaged or new model, and vectors that are computed once.

use std::path::Path;
use std::sync::Arc;

use hsc::embeddings::{Embeddings, ModelState, worker};
use hsc::pods::Link;
use hsc_actors::SupervisionConfig;
use hsc_actors::ports::{EncoderStatus as _, SharedVectors};
use hsc_actors::supervision::{Root, Threads};
use hsc_answers::encoder::synthetic::{Vocabulary, write};
use hsc_answers::encoder::{Embedder as _, ManualTexts};
use hsc_config::Settings;
use hsc_monitoring::Metrics;

use crate::eventually::{eventually, in_time};
use crate::redis::{Redis, link_to};
use crate::server::Server;

/// An encoder with a valid model.
struct Pod {
    embeddings: Embeddings,
    metrics: Arc<Metrics>,
    link: Option<Link>,
    _root: Root,
}

impl Pod {
    fn start(models: &Path, vectors: &Path, redis: Option<&Redis>) -> Self {
        let all = Settings::load(None, []).expect("the defaults");
        let mut settings = all.answers.encoder.clone();
        settings.dir = models.display().to_string();
        settings.vectors_dir = vectors.display().to_string();
        settings.check_interval_ms = 100;
        let metrics = Metrics::new();
        let link = redis.map(link_to);
        let share = |link: Link| Arc::new(link) as Arc<dyn SharedVectors>;
        let embeddings = Embeddings::new(&settings, link.clone().map(share), &metrics);
        let supervision = SupervisionConfig::from(&all.actors);
        let children = vec![worker(&embeddings, supervision.care, &metrics)];
        let root = Root::start(children, &supervision, Arc::new(Threads::start(1)), &metrics);
        Self { embeddings, metrics, link, _root: root }
    }

    fn count(&self, series: &str) -> f64 {
        let text = self.metrics.render();
        let line = text.lines().find(|line| line.starts_with(series));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }

    async fn has(&self, manual: &Arc<ManualTexts>) {
        eventually("the manual is embedded", async || self.embeddings.vectors(manual).is_some())
            .await;
    }
}

fn manual(name: &str, windows: usize) -> Arc<ManualTexts> {
    let texts =
        (0..windows).map(|window| format!("{name}: window {window} of the manual")).collect();
    Arc::new(ManualTexts::new(name, texts, windows / 2))
}

fn two_models(dir: &Path) {
    write(&dir.join("a"), Vocabulary::WordPiece, 1).expect("written");
    write(&dir.join("b"), Vocabulary::Unigram, 2).expect("written");
}

#[actix_web::test]
async fn a_question_does_not_wait_for_vectors_and_later_ones_use_them() {
    let (models, vectors) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_models(models.path());
    let pod = Pod::start(models.path(), vectors.path(), None);
    let manual = manual("light", 50);
    assert!(pod.embeddings.vectors(&manual).is_none(), "nothing is there yet");
    pod.has(&manual).await;
    let made = pod.embeddings.vectors(&manual).expect("they are there");
    assert_eq!((made.members.len(), made.windows()), (2, 50));
    assert_eq!(pod.embeddings.progress("light"), Some((50, 50)));
    assert_eq!(pod.embeddings.waiting(), 0);
    assert_eq!(pod.count("hsc_encoder_windows_total"), 50.0);
    let query = pod.embeddings.query("window 7").expect("there is a model");
    assert_eq!(query.0.len(), 2);
}

#[actix_web::test]
async fn vectors_of_an_earlier_run_are_read_from_disk_and_damaged_ones_are_recomputed() {
    let (models, vectors) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_models(models.path());
    let manual = manual("light", 20);
    Pod::start(models.path(), vectors.path(), None).has(&manual).await;
    let again = Pod::start(models.path(), vectors.path(), None);
    again.has(&manual).await;
    assert_eq!(again.count("hsc_encoder_windows_total"), 0.0, "nothing is embedded twice");
    assert_eq!(again.count("hsc_encoder_manuals_total{outcome=\"disk\"}"), 1.0);
    for file in std::fs::read_dir(vectors.path()).expect("read").flatten() {
        std::fs::write(file.path(), b"HSCVEC damaged").expect("written");
    }
    let third = Pod::start(models.path(), vectors.path(), None);
    third.has(&manual).await;
    assert_eq!(third.count("hsc_encoder_windows_total"), 20.0);
}

#[actix_web::test]
async fn two_pods_with_one_redis_embed_a_manual_once() {
    let redis = Redis::start().await;
    let models = tempfile::tempdir().expect("a folder");
    two_models(models.path());
    let disks = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let pods = disks.each_ref().map(|disk| Pod::start(models.path(), disk.path(), Some(&redis)));
    // A pod computes its own vectors until it has connected to Redis.
    for pod in &pods {
        let link = pod.link.as_ref().expect("it has a Redis");
        in_time("the pod reaches its Redis", link.up()).await;
    }
    let manuals: Vec<_> = (0..6).map(|number| manual(&format!("manual {number}"), 40)).collect();
    for manual in &manuals {
        for pod in &pods {
            pod.embeddings.vectors(manual);
        }
    }
    for manual in &manuals {
        for pod in &pods {
            pod.has(manual).await;
        }
        let [one, other] =
            pods.each_ref().map(|pod| pod.embeddings.vectors(manual).expect("it is embedded"));
        assert_eq!(one, other);
    }
    let windows: f64 = pods.iter().map(|pod| pod.count("hsc_encoder_windows_total")).sum();
    assert_eq!(windows, 240.0, "each window once, by one pod or the other");
}

#[actix_web::test]
async fn a_pod_without_redis_embeds_for_itself() {
    let redis = Redis::not_started();
    let (models, vectors) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    two_models(models.path());
    let pod = Pod::start(models.path(), vectors.path(), Some(&redis));
    let manual = manual("light", 5);
    pod.has(&manual).await;
    assert_eq!(pod.count("hsc_encoder_manuals_total{outcome=\"embedded\"}"), 1.0);
}

#[actix_web::test]
async fn a_model_that_appears_or_is_repaired_while_the_server_runs_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let models = folder.path().join("models");
    let (dir, none) = (models.display().to_string(), String::new());
    let server = Server::with(&[
        ("answers.encoder.enabled", "true"),
        ("answers.encoder.dir", &dir),
        ("answers.encoder.vectors_dir", &none),
        ("answers.encoder.check_interval_ms", "100"),
    ])
    .await;
    let state = async || server.json("/health").await["encoder"]["state"].clone();
    let health = server.json("/health").await;
    assert_eq!(
        (&health["encoder"]["state"], &health["status"]),
        (&"missing".into(), &"healthy".into())
    );
    // As `hsc model fetch` does: written elsewhere, then renamed.
    write(&models.join(".tiny.part"), Vocabulary::Unigram, 1).expect("written");
    assert_eq!(state().await, "missing", "half a model is none");
    std::fs::rename(models.join(".tiny.part"), models.join("tiny")).expect("renamed");
    eventually("the model is loaded", async || state().await == "ready").await;
    assert_eq!(server.json("/health").await["encoder"]["models"], serde_json::json!(["tiny"]));
    assert_eq!(server.metric("hsc_encoder_models").await, 1.0);
    let weights = models.join("tiny").join("model.safetensors");
    let whole = std::fs::read(&weights).expect("read");
    std::fs::write(&weights, &whole[..whole.len() / 2]).expect("written");
    eventually("the damage is seen", async || state().await == "damaged").await;
    let health = server.json("/health").await;
    assert_eq!(health["status"], "degraded");
    assert!(health["reason"].to_string().contains("model.safetensors"), "{health}");
    std::fs::write(&weights, &whole).expect("written");
    eventually("the model is loaded again", async || state().await == "ready").await;
}

#[actix_web::test]
async fn vectors_are_computed_when_the_missing_model_appears() {
    let (folder, vectors) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let models = folder.path().join("models");
    let pod = Pod::start(&models, vectors.path(), None);
    let manual = manual("light", 5);
    assert!(pod.embeddings.vectors(&manual).is_none());
    assert!(pod.embeddings.query("a question").is_none(), "words alone");
    eventually("the folder was looked at", async || {
        matches!(pod.embeddings.model(), ModelState::Missing)
    })
    .await;
    two_models(&models);
    pod.has(&manual).await;
}
