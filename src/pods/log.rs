//! The log of conversations in Redis, as one pod sees it: [`ConversationLog`] for many pods.
//!
//! Owns      nothing: all state is in Redis.
//! Never     waits longer than the link's bound for one call once it has its turn, nor starts a call while Redis is known
//!           to be down; trusts a value because it is stored under a key of this server; passes an offset through a
//!           float; writes before all reads.
//! On crash  loses nothing with the pod.
//!
//! A conversation is a hash and a stream, in one slot of a Cluster; a conversation under the keys of
//! the previous version is moved when it is taken over. Each call is one atomic script: ownership check,
//! deduplication, append and publication are one step, whatever other pods do at the same time.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::future::BoxFuture;
use hsc_actors::LogLimits;
use hsc_actors::bridge::{around_entries, channels};
use hsc_actors::ports::ConversationLog;
use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, MOST_OFFSET, MissedEntries, OwnedConversation,
    StoredConversation, StoredEntry, TakenOver,
};
use hsc_conversation::now_ms;
use redis::{Cmd, FromRedisValue as _, Script, Value};
use tokio::sync::Semaphore;

use super::{Link, LinkError};

/// Marks that one claim reads; more than the stale marks that a pod leaves of answers taken over long ago.
const MOST_LOOKED_AT: usize = 64;

/// Commands of the log that are under way at once. When thousands of clients reconnect or ask at the same time, the
/// rest waits here: in the connection the wait would count against the time limit of a command, and a Redis that is
/// well would seem to be down.
const AT_ONCE: usize = 64;

/// A hundred years.
const MOST_TTL_MS: i64 = 3_155_760_000_000;

// Redis caches the scripts by their hash; a Redis that has lost them gets them again.
macro_rules! scripts {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$meta])*
        static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("log/meta.lua"), include_str!($file))));
    )*};
}

scripts! {
    /// Creates a conversation, or creates it again.
    BEGIN = "log/begin.lua";
    /// Appends and publishes.
    APPEND = "log/append.lua";
    /// Reads the stored entries.
    READ = "log/read.lua";
    /// Gives a conversation to another owner.
    TAKE_OVER = "log/take_over.lua";
}

/// The log in Redis. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RedisLog {
    link: Link,
    pod: Arc<str>,
    limits: LogLimits,
    turns: Arc<Semaphore>,
}

struct TakeoverRequest {
    conversation: Arc<str>,
    /// Position of the client; `None` without a client.
    seen: Option<ClientPosition>,
    /// Only from this owner, in this epoch.
    only_from: Option<(u64, Arc<str>)>,
}

impl RedisLog {
    /// The log as this pod sees it.
    #[must_use]
    pub fn new(link: Link, pod: Arc<str>, limits: LogLimits) -> Self {
        Self { link, pod, limits, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Parses the script's reply to [`ConversationLog::read`]. Never panics, whatever the reply is.
    ///
    /// # Errors
    /// [`LogError::Unknown`], and [`LogError::Unavailable`] for a reply that the script does not give.
    pub fn entries_of(reply: Vec<Value>) -> Result<StoredConversation, LogError> {
        of_read(reply)
    }

    /// The same for [`ConversationLog::take_over`], for a client at the position `after`.
    ///
    /// # Errors
    /// As [`RedisLog::entries_of`].
    pub fn taken_over_of(reply: Vec<Value>, after: u64) -> Result<Option<TakenOver>, LogError> {
        of_take_over(reply, after, "")
    }

    /// Hash and stream, then those of the previous version. The braces put all keys in one slot of a Cluster.
    /// The number is the version: an entry of another format has another key, so no version misreads another.
    fn keys(&self, conversation: &str) -> [String; 4] {
        let log = |version: u8| format!("{}:log{version}:{{{conversation}}}", self.link.prefix());
        [log(2), log(2) + ":entries", log(1), log(1) + ":frames"]
    }

    /// Exists once the tokens of the conversation are revoked. Separate from the log, which expires earlier.
    fn ended(&self, conversation: &str) -> String {
        format!("{}:ended1:{{{conversation}}}", self.link.prefix())
    }

    /// The running answers of a pod; those of all pods are in one slot. A pod of the previous version cannot complete
    /// an answer of this one, so it does not find its mark.
    fn marks(&self, pod: &str) -> String {
        format!("{}:{{answering2}}:{pod}", self.link.prefix())
    }

    /// The same for a pod of the previous version, whose answers are completed here.
    fn marks_before(&self, pod: &str) -> String {
        format!("{}:{{answering1}}:{pod}", self.link.prefix())
    }

    fn ttl_ms(&self) -> i64 {
        // A longer time would exceed the range of Redis.
        i64::try_from(self.limits.ttl.as_millis()).unwrap_or(i64::MAX).min(MOST_TTL_MS)
    }

    /// Awaits a call of Redis, after its turn.
    async fn in_turn<T>(
        &self,
        call: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LogError> {
        let _turn = self.turns.acquire().await;
        call.await.map_err(LogError::unavailable)
    }

    async fn take(&self, request: TakeoverRequest) -> Result<Option<TakenOver>, LogError> {
        let mut script = TAKE_OVER.prepare_invoke();
        script.key(&self.keys(&request.conversation)).arg(&*self.pod);
        script.arg(self.ttl_ms());
        match request.seen {
            Some(seen) => script.arg(seen.epoch).arg(seen.offset),
            None => script.arg("").arg(""),
        };
        match &request.only_from {
            Some((epoch, pod)) => script.arg(*epoch).arg(&**pod),
            None => script.arg("").arg(""),
        };
        let reply = self.in_turn(self.link.invoke(script)).await?;
        of_take_over(reply, request.seen.map_or(0, |seen| seen.offset), &self.pod)
    }

    async fn mark(&self, owned: &OwnedConversation, is_answering: bool) -> Result<(), LogError> {
        let (key, mark) = (self.marks(&self.pod), mark(owned));
        let mut commands = redis::pipe();
        if is_answering {
            // If all pods die, the marks must expire by themselves.
            commands.sadd(&key, mark).ignore().pexpire(&key, self.ttl_ms()).ignore();
        } else {
            commands.srem(&key, mark).ignore();
        }
        let run = |mut connection| async move { commands.query_async(&mut connection).await };
        self.in_turn(self.link.run(run)).await
    }

    /// Takes one conversation from a pod that is gone. The takeover itself decides which pod gets it: only
    /// one can take it from that owner in that epoch. The claimer's own mark is set before, and the
    /// mark of the gone pod is removed after, so that the conversation is found again if the claimer
    /// vanishes at any moment.
    async fn claim_from(&self, marks: &str, gone: &Arc<str>) -> Result<Option<Claimed>, LogError> {
        for _ in 0..MOST_LOOKED_AT {
            let any = self.link.command::<Option<Vec<u8>>>(Cmd::srandmember(marks));
            let Some(found) = self.in_turn(any).await? else { return Ok(None) };
            let taken = match read_mark(&found) {
                Some(before) => self.claim_one(gone, before).await?,
                None => None,
            };
            let removed = self.link.command::<()>(Cmd::srem(marks, found));
            let removed = self.in_turn(removed).await;
            if taken.is_some() {
                // It is ours whether or not its old mark is gone; the old mark has no effect now.
                return Ok(taken);
            }
            removed?;
        }
        Err(LogError::unavailable("too many old marks of answers; ask again"))
    }

    async fn claim_one(
        &self,
        gone: &Arc<str>,
        before: OwnedConversation,
    ) -> Result<Option<Claimed>, LogError> {
        let OwnedConversation { conversation, epoch } = before;
        let mine = OwnedConversation { conversation: Arc::clone(&conversation), epoch: epoch + 1 };
        self.mark(&mine, true).await?;
        let only_from = Some((epoch, Arc::clone(gone)));
        let request =
            TakeoverRequest { conversation: Arc::clone(&conversation), seen: None, only_from };
        let taken = match self.take(request).await {
            Err(LogError::Unknown) => None,
            taken => taken?,
        };
        if taken.is_none() {
            self.mark(&mine, false).await?;
        }
        Ok(taken.map(|taken| Claimed { conversation, taken }))
    }
}

impl ConversationLog for RedisLog {
    fn begin(
        &self,
        owned: OwnedConversation,
        offset: u64,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let mut script = BEGIN.prepare_invoke();
            script.key(&log.keys(&owned.conversation));
            script.arg(&*log.pod).arg(owned.epoch).arg(offset).arg(log.ttl_ms());
            of_append(log.in_turn(log.link.invoke(script)).await?).map(|_| ())
        })
    }

    fn append(
        &self,
        owned: OwnedConversation,
        batch: Batch,
    ) -> BoxFuture<'static, Result<u64, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let OwnedConversation { conversation, epoch } = &owned;
            let channel = log.link.channel(&channels::conversation(conversation));
            let (before, after) = around_entries(&log.pod, now_ms(), conversation, *epoch);
            let mut script = APPEND.prepare_invoke();
            script.key(&log.keys(conversation));
            script.arg(&*log.pod).arg(*epoch).arg(log.ttl_ms()).arg(log.limits.window);
            script.arg(channel).arg(before).arg(after);
            match &batch.checkpoint {
                Some(checkpoint) => script.arg("1").arg(&**checkpoint),
                None => script.arg("0").arg(""),
            };
            for entry in &batch.entries {
                script.arg(entry.offset).arg(&*entry.text);
            }
            of_append(log.in_turn(log.link.invoke(script)).await?)
        })
    }

    fn take_over(
        &self,
        conversation: Arc<str>,
        seen: ClientPosition,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let offset = seen.offset.min(MOST_OFFSET);
            let seen = Some(ClientPosition { offset, ..seen });
            let taken = log.take(TakeoverRequest { conversation, seen, only_from: None }).await?;
            taken.ok_or(LogError::Unknown)
        })
    }

    fn read(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<StoredConversation, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let mut script = READ.prepare_invoke();
            script.key(&log.keys(&conversation));
            of_read(log.in_turn(log.link.invoke(script)).await?)
        })
    }

    fn answering(
        &self,
        owned: OwnedConversation,
        is_answering: bool,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        let log = self.clone();
        Box::pin(async move { log.mark(&owned, is_answering).await })
    }

    fn end_tokens(
        &self,
        conversation: Arc<str>,
        keep: Duration,
    ) -> BoxFuture<'static, Result<(), LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let keep_ms = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX).min(MOST_TTL_MS);
            let mut set = redis::cmd("SET");
            set.arg(log.ended(&conversation)).arg(1).arg("PX").arg(keep_ms.max(1));
            log.in_turn(log.link.command(set)).await
        })
    }

    fn are_tokens_ended(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<bool, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let exists = Cmd::exists(log.ended(&conversation));
            log.in_turn(log.link.command(exists)).await
        })
    }

    fn claim(&self, pod: Arc<str>) -> BoxFuture<'static, Result<Option<Claimed>, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            match log.claim_from(&log.marks(&pod), &pod).await? {
                Some(claimed) => Ok(Some(claimed)),
                None => log.claim_from(&log.marks_before(&pod), &pod).await,
            }
        })
    }
}

/// A conversation with a running answer, and its epoch: the mark is stale in a later epoch.
fn mark(owned: &OwnedConversation) -> String {
    format!("{}:{}", owned.epoch, owned.conversation)
}

fn read_mark(text: &[u8]) -> Option<OwnedConversation> {
    let (epoch, conversation) = std::str::from_utf8(text).ok()?.split_once(':')?;
    let epoch = epoch.parse().ok().filter(|epoch| *epoch < MOST_OFFSET)?;
    Some(OwnedConversation { conversation: conversation.into(), epoch })
}

/// The reply of `append` and `begin`.
fn of_append((word, number): (String, u64)) -> Result<u64, LogError> {
    match word.as_str() {
        "done" => Ok(number),
        "stale" => Err(LogError::Stale { owner: number }),
        "gap" => Err(LogError::Gap { last: number }),
        "unknown" => Err(LogError::Unknown),
        _ => Err(not_understood()),
    }
}

/// The reply of `take_over`: `None` when another pod owns the conversation.
fn of_take_over(reply: Vec<Value>, after: u64, pod: &str) -> Result<Option<TakenOver>, LogError> {
    let mut reply = reply.into_iter();
    match text(reply.next())?.as_str() {
        "unknown" => Err(LogError::Unknown),
        "moved" => Ok(None),
        word => {
            let (epoch, offset) = (number(reply.next())?, number(reply.next())?);
            let from = Some(text(reply.next())?).filter(|from| from != pod).map(Arc::from);
            let checkpoint =
                Some(text(reply.next())?).filter(|text| !text.is_empty()).map(Arc::from);
            let missed = match word {
                "all" if after.saturating_add(reply.len() as u64) > offset => {
                    return Err(not_understood());
                }
                "all" => entries(reply, after).map_or(MissedEntries::Gone, MissedEntries::All),
                "gone" => MissedEntries::Gone,
                "ahead" => MissedEntries::Ahead,
                _ => return Err(not_understood()),
            };
            Ok(Some(TakenOver { epoch, offset, missed, checkpoint, from }))
        }
    }
}

/// The reply of `read`.
fn of_read(reply: Vec<Value>) -> Result<StoredConversation, LogError> {
    let mut reply = reply.into_iter();
    match text(reply.next())?.as_str() {
        "unknown" => Err(LogError::Unknown),
        "kept" => {
            let (epoch, offset) = (number(reply.next())?, number(reply.next())?);
            let before = offset.checked_sub(reply.len() as u64).ok_or_else(not_understood)?;
            let entries = entries(reply, before).unwrap_or_default();
            Ok(StoredConversation { epoch, offset, entries })
        }
        _ => Err(not_understood()),
    }
}

/// The frames after `after`; `None` when one of them is not text and so not written by this server.
fn entries(frames: impl Iterator<Item = Value>, after: u64) -> Option<Vec<StoredEntry>> {
    let entry =
        |(offset, frame)| Some(StoredEntry { offset, text: text(Some(frame)).ok()?.into() });
    (after + 1..).zip(frames).map(entry).collect()
}

fn text(value: Option<Value>) -> Result<String, LogError> {
    String::from_redis_value(value.ok_or_else(not_understood)?).map_err(LogError::unavailable)
}

fn number(value: Option<Value>) -> Result<u64, LogError> {
    let number = u64::from_redis_value(value.ok_or_else(not_understood)?);
    let number = number.map_err(LogError::unavailable)?;
    // The range of Redis, so that later increments do not overflow.
    if i64::try_from(number).is_err() { Err(not_understood()) } else { Ok(number) }
}

fn not_understood() -> LogError {
    LogError::unavailable("Redis answered a script of the log with something that is no answer")
}
