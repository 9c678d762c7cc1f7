//! The contract of a relay, run over each implementation.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use hsc::pods::RedisRelay;
use hsc_actors::bridge::{InMemoryBus, Loopback};
use hsc_actors::ports::{Relay, Relayed};

use crate::eventually::{eventually, in_time};
use crate::redis::Redis;

/// Two pods with a common relay.
struct Pods {
    one: Arc<dyn Relay>,
    two: Arc<dyn Relay>,
    /// The processes that the relays need.
    redis: Option<Redis>,
}

impl Pods {
    async fn loopback() -> Self {
        let bus = InMemoryBus::default();
        let pod = || Arc::new(Loopback::over(&bus)) as Arc<dyn Relay>;
        Self { one: pod(), two: pod(), redis: None }
    }

    async fn redis() -> Self {
        let redis = Redis::start().await;
        let pod = || Arc::new(relay_to(&redis.url())) as Arc<dyn Relay>;
        Self { one: pod(), two: pod(), redis: Some(redis) }
    }
}

/// A relay to the Redis at this address.
pub(crate) fn relay_to(url: &str) -> RedisRelay {
    let settings = hsc_config::Settings::load(None, std::iter::empty()).expect("the defaults");
    let mut settings = settings.redis;
    settings.url = url.into();
    RedisRelay::new(&settings).expect("an address")
}

/// Reads the reports of a relay.
pub(crate) struct Reader(BoxStream<'static, Relayed>);

impl Reader {
    pub(crate) fn of(relay: &Arc<dyn Relay>) -> Self {
        Self(relay.open())
    }

    /// The first report for which this returns a value.
    async fn until<T>(&mut self, what: &str, makes: impl Fn(Relayed) -> Option<T>) -> T {
        let reported = async {
            loop {
                let report = self.0.next().await.expect("it does not end");
                if let Some(made) = makes(report) {
                    return made;
                }
            }
        };
        in_time(what, reported).await
    }

    pub(crate) async fn until_up(&mut self) {
        self.until("the relay is up", |report| (report == Relayed::Up).then_some(())).await;
    }

    async fn until_down(&mut self) {
        let is_down = |report| matches!(report, Relayed::Down { .. }).then_some(());
        self.until("the relay is down", is_down).await;
    }

    async fn until_listening_to(&mut self, channel_name: &str) {
        let listens = |report| {
            let Relayed::Listening { channels } = report else { return None };
            channels.iter().any(|channel| channel == channel_name).then_some(())
        };
        self.until(&format!("{channel_name} is listened to"), listens).await;
    }

    /// The next message: its channel and its text.
    pub(crate) async fn message(&mut self) -> (String, String) {
        let message = |report| {
            let Relayed::Message { channel, payload } = report else { return None };
            Some((channel, String::from_utf8(payload.to_vec()).expect("text")))
        };
        self.until("a message", message).await
    }
}

fn named(channels: &[&str]) -> Vec<String> {
    channels.iter().map(ToString::to_string).collect()
}

fn message(channel: &str, text: &str) -> (String, String) {
    (channel.to_owned(), text.to_owned())
}

pub(crate) async fn publish(relay: &Arc<dyn Relay>, channel: &str, text: &str) {
    let sent = relay.publish(channel.to_owned(), Bytes::from(text.to_owned()));
    in_time("it is published", sent).await.expect("it is published");
}

/// A publishing pod: it is up, and its own reports are skipped.
async fn publisher(relay: &Arc<dyn Relay>) -> Reader {
    let mut reader = Reader::of(relay);
    reader.until_up().await;
    reader
}

async fn messages_of_one_pod_arrive_in_the_order_of_publication(pods: Pods) {
    pods.two.change_subscriptions(named(&["a"]), Vec::new());
    let mut reader = Reader::of(&pods.two);
    reader.until_up().await;
    let _up = publisher(&pods.one).await;
    let all: Vec<_> = (0..500)
        .map(|number| pods.one.publish("a".to_owned(), Bytes::from(number.to_string())))
        .collect();
    for sent in in_time("all are published", futures::future::join_all(all)).await {
        sent.expect("it is published");
    }
    for number in 0..500 {
        assert_eq!(reader.message().await, message("a", &number.to_string()));
    }
}

async fn the_call_determines_the_order_even_if_its_future_is_never_polled(pods: Pods) {
    pods.two.change_subscriptions(named(&["a", "b"]), Vec::new());
    let mut reader = Reader::of(&pods.two);
    reader.until_up().await;
    let _up = publisher(&pods.one).await;
    let channel = |number: i32| if number % 2 == 0 { "a" } else { "b" };
    let mut all = Vec::new();
    for number in 0..600 {
        let text = Bytes::from(number.to_string());
        let sent = pods.one.publish(channel(number).to_owned(), text);
        // A third of the futures is dropped, a third is polled much later, a third at once.
        match number % 3 {
            0 => drop(sent),
            1 => all.push(sent),
            _ => in_time("it is published", sent).await.expect("it is published"),
        }
    }
    all.reverse();
    for sent in all {
        in_time("it is published", sent).await.expect("it is published");
    }
    for number in 0..600 {
        assert_eq!(reader.message().await, message(channel(number), &number.to_string()));
    }
}

async fn only_messages_of_current_subscriptions_are_received(pods: Pods) {
    pods.two.change_subscriptions(named(&["a", "b"]), Vec::new());
    let mut reader = Reader::of(&pods.two);
    reader.until_up().await;
    let _up = publisher(&pods.one).await;
    publish(&pods.one, "elsewhere", "not wanted").await;
    publish(&pods.one, "a", "one").await;
    assert_eq!(reader.message().await, message("a", "one"));
    pods.two.change_subscriptions(named(&["c"]), named(&["a"]));
    reader.until_listening_to("c").await;
    publish(&pods.one, "a", "not wanted any more").await;
    publish(&pods.one, "c", "two").await;
    publish(&pods.one, "b", "three").await;
    assert_eq!(reader.message().await, message("c", "two"));
    assert_eq!(reader.message().await, message("b", "three"));
    // Subscribed again, and received again.
    pods.two.change_subscriptions(named(&["a"]), Vec::new());
    reader.until_listening_to("a").await;
    publish(&pods.one, "a", "four").await;
    assert_eq!(reader.message().await, message("a", "four"));
}

async fn up_is_reported_when_every_subscription_is_active(pods: Pods) {
    let channels: Vec<String> = (0..2_000).map(|number| format!("conversation.{number}")).collect();
    pods.two.change_subscriptions(channels.clone(), Vec::new());
    let mut reader = Reader::of(&pods.two);
    reader.until_up().await;
    let _up = publisher(&pods.one).await;
    for channel in &channels {
        publish(&pods.one, channel, "hello").await;
        assert_eq!(reader.message().await, message(channel, "hello"));
    }
    if let Some(redis) = &pods.redis {
        let stats = redis.ask(&["INFO", "commandstats"]).await;
        let calls = stats.split("cmdstat_subscribe:calls=").nth(1).expect("it subscribed");
        let calls: String = calls.chars().take_while(char::is_ascii_digit).collect();
        let calls: u32 = calls.parse().expect("a number");
        assert!(calls <= 5, "{calls} commands for 2,000 channels");
    }
}

async fn a_pod_receives_its_own_messages(pods: Pods) {
    pods.one.change_subscriptions(named(&["a"]), Vec::new());
    let mut reader = Reader::of(&pods.one);
    reader.until_up().await;
    publish(&pods.one, "a", "to myself").await;
    assert_eq!(reader.message().await, message("a", "to myself"));
}

async fn reopening_ends_the_old_stream_and_retains_the_subscriptions(pods: Pods) {
    pods.two.change_subscriptions(named(&["a"]), Vec::new());
    let mut old = Reader::of(&pods.two);
    old.until_up().await;
    let mut reader = Reader::of(&pods.two);
    reader.until_up().await;
    in_time("the old one ends", async { while old.0.next().await.is_some() {} }).await;
    pods.two.change_subscriptions(named(&["b"]), Vec::new());
    reader.until_listening_to("b").await;
    let _up = publisher(&pods.one).await;
    publish(&pods.one, "a", "one").await;
    publish(&pods.one, "b", "two").await;
    assert_eq!(reader.message().await, message("a", "one"));
    assert_eq!(reader.message().await, message("b", "two"));
}

macro_rules! relay_contract {
    ($name:ident, $pods:expr, $($promise:ident)*) => {
        mod $name {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise($pods.await).await;
            })*
        }
    };
    ($name:ident, $pods:expr) => {
        relay_contract!($name, $pods,
            messages_of_one_pod_arrive_in_the_order_of_publication
            the_call_determines_the_order_even_if_its_future_is_never_polled
            only_messages_of_current_subscriptions_are_received
            up_is_reported_when_every_subscription_is_active
            a_pod_receives_its_own_messages
            reopening_ends_the_old_stream_and_retains_the_subscriptions);
    };
}

relay_contract!(loopback, super::Pods::loopback());
relay_contract!(through_redis, super::Pods::redis());

#[tokio::test]
async fn after_a_lost_connection_all_subscriptions_are_active_before_the_first_publish() {
    let mut redis = Redis::start().await;
    let pod: Arc<dyn Relay> = Arc::new(relay_to(&redis.url()));
    pod.change_subscriptions((0..1_200).map(|number| format!("c{number}")).collect(), Vec::new());
    let mut reader = Reader::of(&pod);
    reader.until_up().await;
    for round in 0..3 {
        redis.cut();
        reader.until_down().await;
        let sent = pod.publish("c0".to_owned(), Bytes::from_static(b"into the void"));
        assert!(in_time("it fails", sent).await.is_err());
        // Subscribed and unsubscribed while Redis was unavailable.
        pod.change_subscriptions(
            named(&[&format!("new{round}")]),
            named(&[&format!("c{}", 1_000 + round)]),
        );
        redis.heal().await;
        // Repeated from the moment it is back: the first accepted message is received.
        for channel in ["c0", "c999", &format!("new{round}")] {
            eventually("a message is taken", async || {
                let text = Bytes::from(format!("{channel} {round}"));
                pod.publish(channel.to_owned(), text).await.is_ok()
            })
            .await;
            assert_eq!(reader.message().await, message(channel, &format!("{channel} {round}")));
        }
        let gone = format!("c{}", 1_000 + round);
        publish(&pod, &gone, "nobody listens").await;
        publish(&pod, "c1", "they do here").await;
        assert_eq!(reader.message().await, message("c1", "they do here"));
    }
}

#[tokio::test]
async fn a_silent_redis_is_reported_down_and_up_again() {
    let redis = Redis::start().await;
    let pod: Arc<dyn Relay> = Arc::new(relay_to(&redis.url()));
    pod.change_subscriptions(named(&["a"]), Vec::new());
    let mut reader = Reader::of(&pod);
    reader.until_up().await;
    redis.hold();
    let sent = pod.publish("a".to_owned(), Bytes::from_static(b"into the void"));
    assert!(in_time("it fails", sent).await.is_err());
    reader.until_down().await;
    redis.go_on();
    reader.until_up().await;
    publish(&pod, "a", "there again").await;
    // Messages that were in the connection while it was suspended may come first.
    while reader.message().await.1 != "there again" {}
}

#[tokio::test]
async fn publications_during_a_redis_pause_fail_and_later_ones_arrive_in_order() {
    let redis = Redis::start().await;
    let pod: Arc<dyn Relay> = Arc::new(relay_to(&redis.url()));
    pod.change_subscriptions(named(&["a"]), Vec::new());
    let mut reader = Reader::of(&pod);
    reader.until_up().await;
    redis.hold();
    let all: Vec<_> = (0..5_000)
        .map(|number| pod.publish("a".to_owned(), Bytes::from(number.to_string())))
        .collect();
    let outcomes = in_time("each has its outcome", futures::future::join_all(all)).await;
    assert!(outcomes.iter().all(Result::is_err), "nobody took them");
    redis.go_on();
    eventually("a message is taken", async || {
        pod.publish("a".to_owned(), Bytes::from_static(b"5000")).await.is_ok()
    })
    .await;
    let mut before = -1;
    while before < 5_000 {
        let number: i32 = reader.message().await.1.parse().expect("a number");
        assert!(number > before || number == 5_000, "{number} after {before}");
        before = number;
    }
}
