//! The bridge over the loopback relay, alone and as several pods in one process.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use hsc_monitoring::Metrics;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::Invalidate;
use crate::ports::{Relay, Relayed};
use crate::supervision::{Care, Fault, OnGiveUp, Root, SupervisionConfig, Threads};
use hsc_conversation::BoxError;

/// Upper bound of each wait of these tests on a machine that compiles at the same time.
const PATIENCE: Duration = Duration::from_secs(20);

struct Pod {
    bridge: Bridge,
    root: Root,
    metrics: Arc<Metrics>,
}

fn pod(name: &str, relay: impl Relay) -> Pod {
    let metrics = Metrics::new();
    let care = Care { hang_after: Duration::from_millis(500), ..Care::default() };
    let (spec, bridge) = bridge_actor(name.into(), Arc::new(relay), care, &metrics);
    let supervision = SupervisionConfig { threads: 2, care, on_give_up: OnGiveUp::Escalate };
    let threads = Arc::new(Threads::start(supervision.threads));
    Pod { bridge, root: Root::start(vec![spec], &supervision, threads, &metrics), metrics }
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it ends in time")
}

fn notice(words: &str) -> Body {
    Body::Notice { message: words.to_owned() }
}

/// The text of the next notice; skips `Missed`.
async fn next_notice(listening: &mut Subscription) -> String {
    in_time(async {
        loop {
            if let ChannelEvent::Message(envelope) = listening.next().await {
                let Body::Notice { message } = &envelope.body else { panic!("{envelope:?}") };
                return message.clone();
            }
        }
    })
    .await
}

#[actix::test]
async fn a_subscriber_of_the_same_pod_receives_at_once_and_once() {
    let pod = pod("a", Loopback::new());
    let mut listening = pod.bridge.subscribe("pods");
    let published = pod.bridge.publish("pods", notice("one"));
    let at_once = listening.next().now_or_never();
    assert!(matches!(at_once, Some(ChannelEvent::Message(_))), "{at_once:?}");
    assert_eq!(published.outcome().await, Ok(()));
    pod.bridge.publish("elsewhere", notice("not for us")).outcome().await.unwrap();
    pod.bridge.publish("pods", notice("two")).outcome().await.unwrap();
    assert_eq!(next_notice(&mut listening).await, "two");
}

#[actix::test]
async fn pods_receive_messages_in_order_and_only_of_subscribed_channels() {
    let bus = InMemoryBus::default();
    let (one, two) = (pod("a", Loopback::over(&bus)), pod("b", Loopback::over(&bus)));
    let mut listening = two.bridge.subscribe(channels::conversation("c"));
    in_time(listening.live()).await;
    let mut outcomes = Vec::new();
    for number in 0..200 {
        one.bridge.publish("pods", notice("not wanted"));
        outcomes.push(one.bridge.publish("conversation.c", notice(&number.to_string())));
    }
    for outcome in outcomes {
        assert_eq!(outcome.outcome().await, Ok(()));
    }
    for number in 0..200 {
        assert_eq!(next_notice(&mut listening).await, number.to_string());
    }
    let text = two.metrics.render();
    assert!(text.contains("hsc_bridge_received_total{kind=\"notice\"} 200"), "{text}");
    assert!(text.contains("hsc_bridge_latency_seconds_count 200"), "{text}");
    drop(listening);
    assert!(two.metrics.render().contains("hsc_bridge_channels 0"));
}

#[actix::test]
async fn a_stalled_subscriber_receives_missed_and_delays_no_other() {
    let pod = pod("a", Loopback::new());
    let (mut slow, mut quick) = (pod.bridge.subscribe("pods"), pod.bridge.subscribe("pods"));
    for number in 0..1_000 {
        pod.bridge.publish("pods", notice(&number.to_string())).outcome().await.unwrap();
        assert_eq!(next_notice(&mut quick).await, number.to_string());
    }
    assert!(matches!(in_time(slow.next()).await, ChannelEvent::Missed));
    for number in 0..256 {
        assert_eq!(next_notice(&mut slow).await, number.to_string());
    }
    pod.bridge.publish("pods", notice("now it reads")).outcome().await.unwrap();
    assert_eq!(next_notice(&mut slow).await, "now it reads");
    assert!(
        pod.metrics.render().contains("hsc_bridge_dropped_total{reason=\"slow_listener\"} 744")
    );
}

#[actix::test]
async fn subscriptions_survive_every_ending_of_the_bridge() {
    let bus = InMemoryBus::default();
    let (one, two) = (pod("a", Loopback::over(&bus)), pod("b", Loopback::over(&bus)));
    let mut listening = two.bridge.subscribe("pods");
    for (number, fault) in [
        Fault::Panic,
        Fault::PanicAtStart { times: 2 },
        Fault::PanicInFuture,
        Fault::PanicInStream,
        Fault::Stop,
        Fault::Hang { ms: 1_500 },
        Fault::KillThread,
    ]
    .into_iter()
    .enumerate()
    {
        let generation = |pod: &Pod| pod.root.record().find("bridge").unwrap().generation();
        let before = generation(&two);
        assert!(two.root.inject("bridge", fault));
        in_time(async {
            while generation(&two) == before || !two.bridge.is_up() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        // It was unsubscribed for a moment and reports it.
        assert!(matches!(in_time(listening.next()).await, ChannelEvent::Missed), "{fault:?}");
        in_time(listening.live()).await;
        let words = format!("after fault {number}");
        one.bridge.publish("pods", notice(&words)).outcome().await.unwrap();
        assert_eq!(next_notice(&mut listening).await, words);
        // Publishing works too, and messages queued while it is down go out afterwards.
        assert_eq!(in_time(two.bridge.publish("pods", notice(&words)).outcome()).await, Ok(()));
        assert_eq!(next_notice(&mut listening).await, words);
    }
}

/// A relay whose every report the test writes.
struct Written {
    reports: Mutex<Option<mpsc::Receiver<Relayed>>>,
    wanted: watch::Sender<Vec<String>>,
}

impl Written {
    fn new() -> (Arc<Self>, mpsc::Sender<Relayed>) {
        let (report, reports) = mpsc::channel(64);
        let wanted = watch::Sender::new(Vec::new());
        (Arc::new(Self { reports: Mutex::new(Some(reports)), wanted }), report)
    }
}

impl Relay for Arc<Written> {
    fn open(&self) -> BoxStream<'static, Relayed> {
        let reports = self.reports.lock().unwrap().take();
        futures::stream::unfold(reports, |mut reports| async {
            // No deadline: the bridge reads it, and the tests bound what they wait for of the bridge.
            let next = reports.as_mut()?.recv().await?;
            Some((next, reports))
        })
        .boxed()
    }

    fn change_subscriptions(&self, these: Vec<String>, not_those: Vec<String>) {
        self.wanted.send_modify(|wanted| {
            wanted.retain(|channel| !not_those.contains(channel) && !these.contains(channel));
            wanted.extend(these);
            wanted.sort();
        });
    }

    fn publish(&self, _: String, _: Bytes) -> BoxFuture<'static, Result<(), BoxError>> {
        futures::future::ready(Err("the cable is cut".into())).boxed()
    }
}

/// A relay that receives but cannot publish while it is cut.
struct OneWay {
    relay: Loopback,
    is_cut: Arc<AtomicBool>,
}

impl Relay for OneWay {
    fn open(&self) -> BoxStream<'static, Relayed> {
        self.relay.open()
    }

    fn change_subscriptions(&self, these: Vec<String>, not_those: Vec<String>) {
        self.relay.change_subscriptions(these, not_those);
    }

    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>> {
        if self.is_cut.load(Ordering::SeqCst) {
            return futures::future::ready(Err("the cable is cut".into())).boxed();
        }
        self.relay.publish(channel, payload)
    }
}

#[actix::test]
async fn subscribers_of_other_pods_receive_missed_after_a_failed_publication() {
    let (bus, is_cut) = (InMemoryBus::default(), Arc::<AtomicBool>::default());
    let relay = OneWay { relay: Loopback::over(&bus), is_cut: Arc::clone(&is_cut) };
    let (one, two) = (pod("a", relay), pod("b", Loopback::over(&bus)));
    let (mut desk, mut pods) = (two.bridge.subscribe("desk"), two.bridge.subscribe("pods"));
    in_time(async { futures::join!(desk.live(), pods.live()) }).await;
    is_cut.store(true, Ordering::SeqCst);
    let lost = one.bridge.publish("desk", notice("nobody hears this"));
    assert_eq!(in_time(lost.outcome()).await, Err(NotPublished::Failed));
    is_cut.store(false, Ordering::SeqCst);
    assert!(matches!(in_time(desk.next()).await, ChannelEvent::Missed));
    // The other channel has lost nothing.
    assert_eq!(in_time(one.bridge.publish("pods", notice("one")).outcome()).await, Ok(()));
    assert_eq!(next_notice(&mut pods).await, "one");
}

#[actix::test]
async fn an_unreadable_message_is_counted_and_skipped() {
    let (relay, report) = Written::new();
    let pod = pod("a", relay);
    let mut listening = pod.bridge.subscribe("pods");
    let newer = r#"{"v":2,"from":"b"}"#;
    let unknown = r#"{"v":1,"from":"b","at_ms":1,"body":{"kind":"sing"}}"#;
    let good = Envelope::new("b".into(), notice("good")).write();
    let own = Envelope::new("a".into(), notice("own, come back")).write();
    for payload in [newer, unknown, "no envelope", &own, &good] {
        let message =
            Relayed::Message { channel: "pods".to_owned(), payload: payload.to_owned().into() };
        report.send(message).await.unwrap();
    }
    assert_eq!(next_notice(&mut listening).await, "good");
    for reason in ["version", "kind", "malformed"] {
        let line = format!("hsc_bridge_dropped_total{{reason=\"{reason}\"}} 1");
        assert!(pod.metrics.render().contains(&line), "{reason}");
    }
}

#[actix::test]
async fn while_disconnected_publishing_fails_at_once_and_local_subscribers_receive() {
    let (relay, report) = Written::new();
    let pod = pod("a", Arc::clone(&relay));
    let mut listening = pod.bridge.subscribe("pods");
    report.send(Relayed::Down { why: "it is not there".to_owned() }).await.unwrap();
    let published = pod.bridge.publish("pods", notice("one"));
    assert_eq!(in_time(published.outcome()).await, Err(NotPublished::Down));
    assert_eq!(next_notice(&mut listening).await, "one");
    report.send(Relayed::Up).await.unwrap();
    in_time(listening.live()).await;
    let published =
        pod.bridge.publish("pods", Body::Forget { what: Invalidate::All, l2_is_done: true });
    assert_eq!(in_time(published.outcome()).await, Err(NotPublished::Failed));
    report.send(Relayed::Down { why: "it is gone".to_owned() }).await.unwrap();
    assert!(matches!(in_time(listening.next()).await, ChannelEvent::Message(_)));
    assert!(matches!(in_time(listening.next()).await, ChannelEvent::Missed));
    report.send(Relayed::Up).await.unwrap();
    in_time(listening.live()).await;
    let text = pod.metrics.render();
    assert!(text.contains("hsc_bridge_reconnects_total 1"), "{text}");
    assert!(text.contains("hsc_bridge_dropped_total{reason=\"down\"} 1"), "{text}");
}

#[actix::test]
async fn a_channel_is_subscribed_in_the_relay_while_it_has_a_subscriber() {
    let (relay, _report) = Written::new();
    let pod = pod("a", Arc::clone(&relay));
    let mut wanted = relay.wanted.subscribe();
    let (one, two) = (pod.bridge.subscribe("x"), pod.bridge.subscribe("x"));
    in_time(wanted.wait_for(|wanted| *wanted == ["x"])).await.unwrap();
    drop(one);
    let _other = pod.bridge.subscribe("y");
    in_time(wanted.wait_for(|wanted| *wanted == ["x", "y"])).await.unwrap();
    drop(two);
    in_time(wanted.wait_for(|wanted| *wanted == ["y"])).await.unwrap();
}

#[actix::test]
async fn unpublished_messages_wait_in_a_bounded_queue() {
    // Neither up nor down: messages wait.
    let (relay, _report) = Written::new();
    let pod = pod("a", relay);
    let mut published = Vec::new();
    for _ in 0..1_500 {
        published.push(pod.bridge.publish("pods", notice("one")));
    }
    let last = published.pop().unwrap();
    assert_eq!(last.outcome().await, Err(NotPublished::Full));
    // But not forever: a bridge that does not come up counts as down.
    let first = published.swap_remove(0);
    assert_eq!(in_time(first.outcome()).await, Err(NotPublished::Down));
}
