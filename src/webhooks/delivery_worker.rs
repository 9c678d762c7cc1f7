//! The delivery worker: sends due deliveries, one lane per endpoint, with retries.
//!
//! Owns      the deliveries in work; they are hidden from other pods for the longest duration of an attempt.
//! Receives  no messages; it polls the archive.
//! Calls     [`Deliveries`](hsc_actors::ports::archive::Deliveries), and the endpoints.
//! Never     follows a redirect, exceeds the configured concurrency of an endpoint.
//! On crash  loses nothing: deliveries in work are due again, for itself or another pod. An endpoint may then
//!           get a delivery twice, under the same id.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use hsc_actors::ports::archive::Delivery;
use hsc_actors::supervision::{Care, ChildSpec, Life};
use hsc_conversation::BoxError;
use hsc_conversation::now_ms;
use log::{info, warn};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::Webhooks;
use super::endpoint::Endpoint;
use super::sending::Outcome;
use super::service::Inner;

/// Poll interval. A delivery takes a moment to be written anyway.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Poll interval while the archive is down.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Interval at which pending deliveries are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);
/// Added to the time of an attempt, to record its result in the archive.
const TO_SETTLE: Duration = Duration::from_secs(5);
/// Longest `Retry-After` that is respected.
const LONGEST: Duration = Duration::from_secs(86_400);

impl Webhooks {
    /// The delivery worker as a child of the tree.
    #[must_use]
    pub fn delivery_worker(&self, care: Care) -> ChildSpec {
        let inner = Arc::clone(&self.inner);
        let metrics = Arc::clone(&inner.metrics);
        ChildSpec::worker("webhooks.delivery", "webhooks_delivery", care, &metrics, move |life| {
            run(Arc::clone(&inner), life)
        })
    }
}

async fn run(inner: Arc<Inner>, life: Life) -> Result<(), BoxError> {
    let lanes = inner.endpoints.iter().map(|endpoint| lane(&inner, endpoint, &life));
    futures::join!(join_all(lanes), count(&inner, &life));
    Err("a successor delivers".into())
}

/// Delivers to one endpoint.
async fn lane(inner: &Inner, endpoint: &Endpoint, life: &Life) {
    let mut under_way = FuturesUnordered::new();
    let mut was_away = false;
    while life.holds() {
        let free = inner.concurrency.saturating_sub(under_way.len());
        let mut pause = LOOK_EVERY;
        if free > 0 {
            let now = now_ms();
            let until = now + millis(inner.timeout + TO_SETTLE);
            let limit = u32::try_from(free).unwrap_or(u32::MAX);
            match inner.deliveries.take_due(&endpoint.name, now, until, limit).await {
                Ok(due) => {
                    was_away = false;
                    under_way.extend(due.into_iter().map(|it| attempt(inner, endpoint, it)));
                }
                Err(error) => {
                    if !was_away {
                        warn!(error:%; "cannot read due webhooks from the archive");
                    }
                    (was_away, pause) = (true, LOOK_AGAIN);
                }
            }
        }
        let is_full = under_way.len() >= inner.concurrency;
        tokio::select! {
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
            () = sleep(pause), if !is_full => {}
        }
    }
}

/// One attempt, and the record of its result in the archive.
async fn attempt(inner: &Inner, endpoint: &Endpoint, delivery: Delivery) {
    let began = Instant::now();
    let outcome = inner.sender.send(endpoint, &delivery).await;
    let took = began.elapsed();
    let (id, event, attempt) = (&*delivery.id, &*delivery.event, delivery.attempts);
    let outcome = match outcome {
        Outcome::Failed { why, .. } if attempt >= inner.max_attempts => {
            Outcome::Dead { why, reason: "attempts" }
        }
        outcome => outcome,
    };
    let settled = match outcome {
        Outcome::Delivered => {
            endpoint.delivered.fetch_add(1, Ordering::Relaxed);
            inner.metrics.webhooks.tried("delivered", took);
            inner.deliveries.delivered(id).await
        }
        Outcome::Failed { why, retry_after } => {
            endpoint.failed.fetch_add(1, Ordering::Relaxed);
            inner.metrics.webhooks.tried("failed", took);
            let wait = wait(inner.backoff_first, inner.backoff_most, attempt, rand::random());
            let wait = wait.max(retry_after.unwrap_or_default().min(LONGEST));
            info!(host:% = endpoint.host(), event:%, attempt, why:%, retry_in_ms = millis(wait);
                "a webhook was not delivered, it is tried again");
            inner.deliveries.failed(id, &why, Some(now_ms() + millis(wait))).await
        }
        Outcome::Dead { why, reason } => {
            endpoint.failed.fetch_add(1, Ordering::Relaxed);
            inner.metrics.webhooks.died(reason);
            warn!(host:% = endpoint.host(), event:%, attempts = attempt, reason, why:%; "a webhook is a dead letter");
            inner.metrics.webhooks.tried("dead", took);
            inner.deliveries.failed(id, &why, None).await
        }
    };
    if let Err(error) = settled {
        // It is due again when its time is over, and the endpoint recognises its id.
        warn!(error:%; "cannot record the result of a webhook in the archive");
    }
}

/// Counts the pending deliveries of all pods.
async fn count(inner: &Inner, life: &Life) {
    while life.holds() {
        if let Ok(standing) = inner.deliveries.standing().await {
            let waiting = standing.iter().map(|it| it.waiting).sum();
            let dead = standing.iter().map(|it| it.dead).sum();
            inner.metrics.webhooks.standing(waiting, dead);
            life.observe(json!({
                "endpoints": inner.endpoints.len(),
                "waiting": waiting,
                "dead_letters": dead,
            }));
        }
        sleep(COUNT_EVERY).await;
    }
}

/// The wait after this attempt (1 is the first): it doubles up to the maximum, and chance (0 to 1) subtracts any part
/// of it, so that deliveries that failed together are not retried together.
fn wait(first: Duration, most: Duration, attempt: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(1_u32 << attempt.saturating_sub(1).min(30)).min(most);
    doubled.mul_f64(chance.clamp(0.0, 1.0))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_with_full_jitter() {
        let (first, most) = (Duration::from_secs(10), Duration::from_secs(60));
        let waits: Vec<u64> =
            (1..=5).map(|attempt| wait(first, most, attempt, 1.0).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
        assert_eq!(wait(first, most, 99, 0.5).as_secs(), 30);
        assert_eq!(wait(first, most, 1, 0.0), Duration::ZERO);
    }
}
