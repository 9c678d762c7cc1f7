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
use redis::{Cmd, FromRedisValue, Script, ToRedisArgs, Value};
use tokio::sync::Semaphore;

use super::link::millis;
use super::{Link, LinkError};

/// Marks that one claim reads; more than the stale marks that a pod leaves of answers taken over long ago.
const MOST_LOOKED_AT: usize = 64;

/// Commands of the log that are under way at once. When thousands of clients reconnect or ask at the same time, the
/// rest waits here: in the connection the wait would count against the time limit of a command, and a Redis that is
/// well would seem to be down.
const AT_ONCE: usize = 64;

/// A script of the log. Redis caches it by its hash; a Redis that has lost it gets it again.
fn script(text: &str) -> Script {
    Script::new(&[include_str!("log/meta.lua"), text].concat())
}

/// Creates a conversation, or creates it again.
static BEGIN: LazyLock<Script> = LazyLock::new(|| script(include_str!("log/begin.lua")));
/// Appends and publishes.
static APPEND: LazyLock<Script> = LazyLock::new(|| script(include_str!("log/append.lua")));
/// Reads the stored entries.
static READ: LazyLock<Script> = LazyLock::new(|| script(include_str!("log/read.lua")));
/// Gives a conversation to another owner.
static TAKE_OVER: LazyLock<Script> = LazyLock::new(|| script(include_str!("log/take_over.lua")));

type Reply<T> = BoxFuture<'static, Result<T, LogError>>;

/// The log in Redis. Cheap to clone.
#[derive(Clone)]
pub struct RedisLog {
    link: Link,
    pod: Arc<str>,
    limits: LogLimits,
    turns: Arc<Semaphore>,
}

impl RedisLog {
    /// The log as this pod sees it.
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

    fn ttl_ms(&self) -> u64 {
        millis(self.limits.ttl)
    }

    /// Awaits a call of Redis, after its turn.
    async fn in_turn<T>(
        &self,
        call: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LogError> {
        let _turn = self.turns.acquire().await;
        call.await.map_err(LogError::unavailable)
    }

    /// Runs a script for a conversation, after its turn.
    fn ask<T: Send + 'static, R: FromRedisValue + Send>(
        &self,
        script: &'static Script,
        conversation: &str,
        arguments: impl ToRedisArgs,
        read: impl FnOnce(R) -> Result<T, LogError> + Send + 'static,
    ) -> Reply<T> {
        let mut call = script.arg(arguments);
        call.key(&self.keys(conversation));
        let log = self.clone();
        Box::pin(async move { read(log.in_turn(log.link.invoke(call)).await?) })
    }

    /// Takes a conversation over: for a client at the position `seen`, or without one; from any owner, or only from this
    /// one in this epoch.
    fn take(
        &self,
        conversation: &str,
        seen: Option<ClientPosition>,
        only_from: Option<(u64, &str)>,
    ) -> Reply<Option<TakenOver>> {
        let or_empty = |number: Option<u64>| number.map(|it| it.to_string()).unwrap_or_default();
        let (epoch, owner) = only_from.unzip();
        let arguments = (
            &*self.pod,
            self.ttl_ms(),
            or_empty(seen.map(|seen| seen.epoch)),
            or_empty(seen.map(|seen| seen.offset)),
            or_empty(epoch),
            owner.unwrap_or_default(),
        );
        let (after, pod) = (seen.map_or(0, |seen| seen.offset), Arc::clone(&self.pod));
        self.ask(&TAKE_OVER, conversation, arguments, move |reply| of_take_over(reply, after, &pod))
    }

    async fn mark(&self, owned: &OwnedConversation, is_answering: bool) -> Result<(), LogError> {
        let (key, mark) = (self.marks(&self.pod), mark(owned));
        let mut commands = redis::pipe();
        if is_answering {
            // If all pods die, the marks must expire by themselves.
            commands.sadd(&key, mark).ignore();
            commands.cmd("PEXPIRE").arg(&key).arg(self.ttl_ms()).ignore();
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
    async fn claim_from(&self, marks: &str, gone: &str) -> Result<Option<Claimed>, LogError> {
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
        gone: &str,
        before: OwnedConversation,
    ) -> Result<Option<Claimed>, LogError> {
        let OwnedConversation { conversation, epoch } = before;
        let mine = OwnedConversation { conversation: Arc::clone(&conversation), epoch: epoch + 1 };
        self.mark(&mine, true).await?;
        let taken = match self.take(&conversation, None, Some((epoch, gone))).await {
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
    fn begin(&self, owned: OwnedConversation, offset: u64) -> Reply<()> {
        let arguments = (&*self.pod, owned.epoch, offset, self.ttl_ms());
        let read = |reply| of_append(reply).map(drop);
        self.ask(&BEGIN, &owned.conversation, arguments, read)
    }

    fn append(&self, owned: OwnedConversation, batch: Batch) -> Reply<u64> {
        let OwnedConversation { conversation, epoch } = &owned;
        let channel = self.link.channel(&channels::conversation(conversation));
        let (before, after) = around_entries(&self.pod, now_ms(), conversation, *epoch);
        let checkpoint = match &batch.checkpoint {
            Some(checkpoint) => ("1", &**checkpoint),
            None => ("0", ""),
        };
        let entries = batch.entries.iter().map(|entry| (entry.offset, &*entry.text));
        let arguments = (
            (&*self.pod, *epoch, self.ttl_ms(), self.limits.window),
            (channel, before, after),
            checkpoint,
            entries.collect::<Vec<_>>(),
        );
        self.ask(&APPEND, conversation, arguments, of_append)
    }

    fn take_over(&self, conversation: Arc<str>, seen: ClientPosition) -> Reply<TakenOver> {
        let offset = seen.offset.min(MOST_OFFSET);
        let taken = self.take(&conversation, Some(ClientPosition { offset, ..seen }), None);
        Box::pin(async move { taken.await?.ok_or(LogError::Unknown) })
    }

    fn read(&self, conversation: Arc<str>) -> Reply<StoredConversation> {
        let no_arguments = Vec::<String>::new();
        self.ask(&READ, &conversation, no_arguments, of_read)
    }

    fn answering(&self, owned: OwnedConversation, is_answering: bool) -> Reply<()> {
        let log = self.clone();
        Box::pin(async move { log.mark(&owned, is_answering).await })
    }

    fn end_tokens(&self, conversation: Arc<str>, keep: Duration) -> Reply<()> {
        let log = self.clone();
        Box::pin(async move {
            let mut set = redis::cmd("SET");
            set.arg(log.ended(&conversation)).arg(1).arg("PX").arg(millis(keep).max(1));
            log.in_turn(log.link.command(set)).await
        })
    }

    fn are_tokens_ended(&self, conversation: Arc<str>) -> Reply<bool> {
        let log = self.clone();
        Box::pin(async move {
            let exists = Cmd::exists(log.ended(&conversation));
            log.in_turn(log.link.command(exists)).await
        })
    }

    fn claim(&self, pod: Arc<str>) -> Reply<Option<Claimed>> {
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
