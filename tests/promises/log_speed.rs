//! Measures the cost of an append; nothing is asserted. Run alone, on a quiet machine:
//! `cargo test --release --test promises log_speed -- --ignored --nocapture --test-threads 1`

use std::sync::Arc;

use futures::future::join_all;
use hdrhistogram::Histogram;
use hsc_actors::LogLimits;
use hsc_actors::ports::ConversationLog;
use hsc_conversation::log::{Batch, StoredEntry};
use tokio::time::Instant;

use crate::log_stage::{LIMITS, Stage, owned};

/// A frame of an answer of average length.
const FRAME: &str = r#"{"type":"answer_chunk","content":"Hold the pedal down until the display shows PEDAL, then choose a type with the dial. [MANUAL: page 12] ","id":"q-17","offset":100000}"#;

/// Appends to so many conversations concurrently, in batches of so many frames.
async fn measure(
    log: &Arc<dyn ConversationLog>,
    what: &str,
    conversations: u64,
    batches: u64,
    frames: u64,
) {
    let began = Instant::now();
    let each = async |name: String| {
        let mut took = Histogram::<u64>::new(3).expect("three digits are possible");
        log.begin(owned(&name, 1), 0).await.expect("the log is there");
        for batch in 0..batches {
            let entry = |at| StoredEntry { offset: batch * frames + at, text: FRAME.into() };
            let batch = Batch { entries: (1..=frames).map(entry).collect(), checkpoint: None };
            let began = Instant::now();
            log.append(owned(&name, 1), batch).await.expect("the log is there");
            took.record(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX))
                .expect("it has no upper end");
        }
        took
    };
    let names = (0..conversations).map(|at| format!("{what}-{at:028x}"));
    let mut all = Histogram::<u64>::new(3).expect("three digits are possible");
    for took in join_all(names.map(each)).await {
        all.add(took).expect("both have the same digits");
    }
    let seconds = began.elapsed().as_secs_f64();
    let micros = |quantile| all.value_at_quantile(quantile) as f64 / 1_000.0;
    let done = (conversations * batches) as f64 / seconds;
    println!(
        "{what:<7} conversations {conversations:>4}  frames a batch {frames:>2}  appends/s {done:>9.0}  \
         frames/s {:>9.0}  p50 {:>8.1} µs  p99 {:>8.1} µs",
        done * frames as f64,
        micros(0.5),
        micros(0.99),
    );
}

#[actix_web::test]
#[ignore = "measures"]
async fn the_duration_of_an_append_in_memory() {
    let stage = Stage::memory().await.with(LogLimits { window: 500, bytes: 1 << 30, ..LIMITS });
    let log = stage.pod("a");
    measure(&log, "memory", 1, 200_000, 1).await;
    measure(&log, "memory", 1_000, 200, 1).await;
    measure(&log, "memory", 1_000, 50, 8).await;
}

#[actix_web::test]
#[ignore = "measures"]
async fn the_duration_of_an_append_in_redis_and_the_memory_of_a_conversation() {
    let stage = Stage::redis().await.with(LogLimits { window: 500, ..LIMITS });
    let log = stage.pod("a");
    measure(&log, "redis", 1, 5_000, 1).await;
    measure(&log, "redis", 64, 500, 1).await;
    measure(&log, "redis", 64, 200, 8).await;
    measure(&log, "redis", 512, 100, 8).await;

    let name = "0123456789abcdef0123456789abcdef";
    log.begin(owned(name, 1), 0).await.expect("the log is there");
    let mut offset = 0;
    for frames in [0, 20, 500] {
        while offset < frames {
            offset += 1;
            let entries = vec![StoredEntry { offset, text: FRAME.into() }];
            let checkpoint = Some("m".repeat(300).into());
            log.append(owned(name, 1), Batch { entries, checkpoint })
                .await
                .expect("the log is there");
        }
        let mut bytes = String::new();
        for key in [format!("hsc:log2:{{{name}}}"), format!("hsc:log2:{{{name}}}:entries")] {
            let command = ["MEMORY", "USAGE", key.as_str(), "SAMPLES", "0"];
            bytes += &format!("  {key}: {}", stage.redis_ref().ask(&command).await);
        }
        println!("{frames} frames of {} bytes:{bytes}", FRAME.len());
    }
}
