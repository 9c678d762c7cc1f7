//! Messages between pods through publish and subscribe of Redis.
//!
//! Owns      one connection of its own, which it reconnects until it succeeds; the wanted channels outlive it.
//! Never     reports `Up` before every wanted channel is subscribed; buffers without a bound.
//!
//! Publications go through one queue, in the order of the calls. One pipeline of `PUBLISH`
//! commands is in flight at a time and takes everything queued, so the order holds and a round trip
//! carries many messages. (Commands sent one by one over the multiplexed connection overtake
//! each other as soon as its own short queue is full.)
//!
//! Classic pub/sub over RESP3, one connection for both directions:
//!
//! - RESP3, because on such a connection subscription replies, command replies and pushed
//!   messages share one stream: one heartbeat covers all three, publications stay in
//!   order, and the queue of messages has a bound, which the library's own `PubSub` lacks.
//! - Classic and not sharded, because then any node of a Cluster will do, one connection is enough instead of one
//!   per shard, and a Cluster that moves its slots moves no subscription. The price is that every node of a
//!   Cluster sees every message (docs/operations/capacity.md says when that is
//!   too much).

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use hsc_actors::ports::{Relay, Relayed};
use hsc_config::RedisSettings;
use hsc_conversation::BoxError;
use redis::aio::MultiplexedConnection;
use redis::{Msg, PushInfo, PushKind, RedisError, RedisResult};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Duration, Instant};

use super::address::InvalidAddress;
use super::target::{Pause, Target, timed_out};

/// Messages that may be queued for the bridge. If it is further behind, the connection counts as lost
/// and is made anew.
const WAITING: usize = 8_192;
/// Channels in one command: large enough that 20,000 are a few round trips, small enough that Redis
/// is blocked for less than a millisecond.
const BATCH: usize = 500;
/// Messages that may be queued for publication. As many as in the bridge: a longer queue means that Redis does
/// not accept them, and then the publisher learns it at once.
const QUEUED: usize = 1_024;
/// Messages in one pipeline. Large enough to hide a round trip, small enough that a failed or
/// late one leaves few messages in doubt.
const PIPELINED: usize = 128;
/// Interval of the heartbeat.
const PULSE: Duration = Duration::from_millis(500);

/// The relay through Redis.
pub struct RedisRelay {
    shared: Arc<Shared>,
}

struct Shared {
    target: Target,
    prefix: String,
    subscribed: Mutex<Subscriptions>,
    // Not a `Notify`: that may wake a stream whose thread hangs, and the newer one would miss the signal.
    bell: watch::Sender<()>,
    /// The queue to publish through and its stream, while every wanted channel is subscribed.
    way_out: watch::Sender<Option<(u64, mpsc::Sender<Publication>)>>,
    /// How often the relay was opened: an older stream ends when a newer one exists.
    opened: watch::Sender<u64>,
}

#[derive(Default)]
struct Subscriptions {
    all: HashSet<String>,
    /// Changes that the stream of this number has yet to apply; empty without a stream (0), however long
    /// Redis is down and however many channels change meanwhile.
    changed: HashSet<String>,
    followed_by: u64,
}

impl RedisRelay {
    /// To the Redis of the settings. Connects when it is opened.
    ///
    /// # Errors
    /// When the address in the settings is invalid.
    pub fn new(settings: &RedisSettings) -> Result<Self, InvalidAddress> {
        let shared = Shared {
            target: Target::new(settings)?,
            prefix: channel(&settings.prefix, ""),
            subscribed: Mutex::default(),
            bell: watch::Sender::new(()),
            way_out: watch::Sender::new(None),
            opened: watch::Sender::new(0),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

/// The name of a channel in Redis; the script of the log publishes to it.
pub(super) fn channel(prefix: &str, channel: &str) -> String {
    format!("{prefix}:{channel}")
}

impl Relay for RedisRelay {
    fn open(&self) -> BoxStream<'static, Relayed> {
        let (tell, receive) = mpsc::channel(WAITING);
        let mut number = 0;
        self.shared.opened.send_modify(|times| {
            *times += 1;
            number = *times;
        });
        let stream = Stream { shared: Arc::clone(&self.shared), number, tell };
        tokio::spawn(async move {
            let mut newer = stream.shared.opened.subscribe();
            tokio::select! {
                // In this order: a stream that hung and wakes up does nothing more.
                biased;
                // The reader is gone, or a newer stream was opened: the connection ends with this stream.
                _ = newer.wait_for(|times| *times > number) => {}
                () = stream.tell.closed() => {}
                () = stream.keep() => {}
            }
        });
        stream::unfold(receive, |mut receive| async { Some((receive.recv().await?, receive)) })
            .boxed()
    }

    fn change_subscriptions(&self, these: Vec<String>, not_those: Vec<String>) {
        let mut subscribed = self.shared.subscribed();
        for channel in &not_those {
            subscribed.all.remove(channel);
        }
        subscribed.all.extend(these.iter().cloned());
        if subscribed.followed_by != 0 {
            subscribed.changed.extend(not_those.into_iter().chain(these));
        }
        drop(subscribed);
        self.shared.bell.send_replace(());
    }

    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>> {
        let (reply, replied) = oneshot::channel();
        let channel = format!("{}{channel}", self.shared.prefix);
        let until = Instant::now() + self.shared.target.timeout;
        let publication = Publication { channel, payload, until, reply };
        // Here and not in the future: the place in the queue is the order.
        let queued = match &*self.shared.way_out.borrow() {
            None => Err("Redis is not connected"),
            Some((_, queue)) => queue.try_send(publication).map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => "too many messages wait to be published",
                mpsc::error::TrySendError::Closed(_) => "Redis is not connected",
            }),
        };
        async move {
            queued?;
            match tokio::time::timeout_at(until, replied).await {
                Ok(Ok(outcome)) => Ok(outcome?),
                Ok(Err(_)) => Err("the connection to Redis was lost".into()),
                Err(late) => Err(late.into()),
            }
        }
        .boxed()
    }
}

/// A message to publish.
struct Publication {
    /// The channel's name in Redis.
    channel: String,
    payload: Bytes,
    /// Not sent after this: by then its publisher has given up.
    until: Instant,
    reply: oneshot::Sender<RedisResult<()>>,
}

/// Why a connection ended.
enum End {
    Lost(String),
    /// The reader is gone, or reads a newer stream.
    Unread,
}

impl From<RedisError> for End {
    fn from(error: RedisError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Shared {
    fn subscribed(&self) -> std::sync::MutexGuard<'_, Subscriptions> {
        self.subscribed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One opening of the relay: keeps the connection and reports.
struct Stream {
    shared: Arc<Shared>,
    number: u64,
    tell: mpsc::Sender<Relayed>,
}

impl Stream {
    /// Connects, subscribes and reconnects, until the reader is gone.
    async fn keep(&self) {
        let mut pause = Pause::default();
        loop {
            let since = Instant::now();
            let subscriptions =
                Arc::new(SubscriptionSink::new(self.tell.clone(), self.shared.prefix.clone()));
            let over = Over(self);
            let end = match self.connected(&subscriptions).await {
                Ok(connection) => self.attend(connection, &subscriptions).await,
                Err(end) => end,
            };
            drop(over);
            // Late messages of this connection are ignored.
            subscriptions.is_over();
            let End::Lost(why) = end else { return };
            if self.tell.send(Relayed::Down { why }).await.is_err() {
                return;
            }
            pause.after(since.elapsed());
            pause.wait().await;
        }
    }

    /// A connection that is subscribed to every wanted channel.
    async fn connected(
        &self,
        subscriptions: &Arc<SubscriptionSink>,
    ) -> Result<MultiplexedConnection, End> {
        let receive = Arc::clone(subscriptions);
        let mut connection = self.shared.target.listen(move |push| receive.receive(push)).await?;
        {
            // From here on every channel is subscribed anew.
            let mut subscribed = self.shared.subscribed();
            subscribed.changed = subscribed.all.clone();
            subscribed.followed_by = self.number;
        }
        // Again for channels that became wanted meanwhile: `Up` covers all of them.
        while self.adjust(&mut connection).await?.is_some() {}
        Ok(connection)
    }

    /// Subscribes and unsubscribes to match the wanted channels; returns the new ones, `None` when nothing has changed.
    /// A channel that was unwanted for a moment is subscribed once more, which Redis confirms as any other.
    async fn adjust(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<Option<Vec<String>>, End> {
        let (added, removed): (Vec<String>, Vec<String>) = {
            let mut subscribed = self.shared.subscribed();
            if subscribed.followed_by != self.number {
                return Err(End::Unread);
            }
            let changed = std::mem::take(&mut subscribed.changed);
            changed.into_iter().partition(|channel| subscribed.all.contains(channel))
        };
        if added.is_empty() && removed.is_empty() {
            return Ok(None);
        }
        let full = |channels: &[String]| -> Vec<String> {
            channels.iter().map(|channel| format!("{}{channel}", self.shared.prefix)).collect()
        };
        for batch in added.chunks(BATCH) {
            self.in_time(connection.subscribe(full(batch))).await?;
        }
        for batch in removed.chunks(BATCH) {
            self.in_time(connection.unsubscribe(full(batch))).await?;
        }
        Ok(Some(added))
    }

    /// Keeps a connection until it ends, and returns why.
    async fn attend(
        &self,
        mut connection: MultiplexedConnection,
        subscriptions: &SubscriptionSink,
    ) -> End {
        let (queue, mut queued) = mpsc::channel(QUEUED);
        let published = publish(connection.clone(), &mut queued, self.shared.target.timeout);
        let attended = async {
            let mut bell = self.shared.bell.subscribe();
            // Changes that were signalled before the receiver existed.
            while self.adjust(&mut connection).await?.is_some() {}
            // Publishing first: a reader of `Up` may publish at once.
            self.shared.way_out.send_replace(Some((self.number, queue)));
            self.tell.send(Relayed::Up).await.map_err(|_| End::Unread)?;
            let mut pulse = tokio::time::interval(PULSE);
            loop {
                tokio::select! {
                    _ = bell.changed() => {
                        let changed = self.adjust(&mut connection).await?;
                        let channels = changed.unwrap_or_default();
                        if !channels.is_empty() {
                            let sent = self.tell.send(Relayed::Listening { channels }).await;
                            sent.map_err(|_| End::Unread)?;
                        }
                    }
                    why = subscriptions.lost() => return Err(End::Lost(why.to_owned())),
                    _ = pulse.tick() => self.pulse(&mut connection).await?,
                }
            }
        };
        tokio::select! {
            ended = attended => {
                let Err(end): Result<Infallible, End> = ended;
                end
            }
            () = published => End::Lost("nothing can be published any more".to_owned()),
        }
    }

    /// Checks that the connection lives, and that it still leads to a master: a message published to
    /// a deposed one reaches no subscriber.
    async fn pulse(&self, connection: &mut MultiplexedConnection) -> Result<(), End> {
        self.in_time(redis::cmd("PING").query_async::<()>(connection)).await?;
        if self.shared.target.may_move() {
            let role = redis::cmd("ROLE");
            let role = role.query_async::<redis::Value>(connection);
            // A user without the permission for `ROLE` skips this check.
            if let Ok(redis::Value::Array(role)) = self.in_time(role).await
                && let Some(redis::Value::BulkString(role)) = role.first()
                && role != b"master"
            {
                return Err(End::Lost("it is no master any more".to_owned()));
            }
        }
        Ok(())
    }

    async fn in_time<T>(&self, answered: impl Future<Output = RedisResult<T>>) -> Result<T, End> {
        match tokio::time::timeout(self.shared.target.timeout, answered).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(End::Lost("no answer in time".to_owned())),
        }
    }
}

/// Publishes queued messages, in order, until the queue is closed.
async fn publish(
    mut connection: MultiplexedConnection,
    queued: &mut mpsc::Receiver<Publication>,
    within: Duration,
) {
    let mut batch = Vec::with_capacity(PIPELINED);
    while queued.recv_many(&mut batch, PIPELINED).await > 0 {
        let now = Instant::now();
        batch.retain(|publication| publication.until > now);
        if batch.is_empty() {
            continue;
        }
        let mut pipeline = redis::pipe();
        // A message that Redis refuses fails alone.
        pipeline.ignore_errors();
        for Publication { channel, payload, .. } in &batch {
            pipeline.cmd("PUBLISH").arg(channel).arg(&payload[..]);
        }
        let sent = pipeline.query_async::<Vec<RedisResult<()>>>(&mut connection);
        let outcomes = match tokio::time::timeout(within, sent).await {
            Ok(Ok(outcomes)) => outcomes,
            Ok(Err(error)) => batch.iter().map(|_| Err(error.clone())).collect(),
            Err(_) => batch.iter().map(|_| Err(timed_out())).collect(),
        };
        for (publication, outcome) in batch.drain(..).zip(outcomes) {
            // The publisher may have dropped its receiver.
            let _ = publication.reply.send(outcome);
        }
    }
}

/// Passes on the incoming messages of one connection.
struct SubscriptionSink {
    tell: mpsc::Sender<Relayed>,
    prefix: String,
    over: AtomicBool,
    overran: AtomicBool,
    lost: Notify,
}

impl SubscriptionSink {
    fn new(tell: mpsc::Sender<Relayed>, prefix: String) -> Self {
        let (over, overran) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { tell, prefix, over, overran, lost: Notify::new() }
    }

    /// Later messages of the connection are ignored.
    fn is_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Never waits: it runs inside the connection.
    fn receive(&self, push: PushInfo) -> Result<(), End> {
        if self.over.load(Ordering::Acquire) {
            return Err(End::Unread);
        }
        match push.kind {
            PushKind::Disconnection => self.lost.notify_one(),
            PushKind::Message => {
                let Some(message) = Msg::from_push_info(push) else { return Ok(()) };
                let Some(channel) = message.get_channel_name().strip_prefix(&self.prefix) else {
                    return Ok(());
                };
                let payload = Bytes::copy_from_slice(message.get_payload_bytes());
                let message = Relayed::Message { channel: channel.to_owned(), payload };
                if self.tell.try_send(message).is_err() {
                    self.overran.store(true, Ordering::Release);
                    self.lost.notify_one();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Waits until the connection is unusable, and returns why.
    async fn lost(&self) -> &'static str {
        self.lost.notified().await;
        match self.overran.load(Ordering::Acquire) {
            true => "messages come in faster than they are read",
            false => "the connection was closed",
        }
    }
}

/// On drop nothing is published over the ended connection any more, and no changes are collected for it.
struct Over<'a>(&'a Stream);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let Stream { shared, number, .. } = self.0;
        shared.way_out.send_if_modified(|way| {
            let is_ours = way.as_ref().is_some_and(|(of, _)| of == number);
            if is_ours {
                *way = None;
            }
            is_ours
        });
        let mut subscribed = shared.subscribed();
        if subscribed.followed_by == *number {
            subscribed.followed_by = 0;
            subscribed.changed = HashSet::new();
        }
    }
}
