//! The log in Redis, as one pod sees it.
//!
//! Owns      nothing: all state is in Redis.
//! Never     waits longer than the link's bound for one call once it has its turn, nor starts a call while Redis is known to be down.
//! On crash  loses nothing with the pod.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hsc_actors::LogLimits;
use hsc_actors::bridge::{around_entries, channels};
use hsc_actors::ports::ConversationLog;
use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, MOST_OFFSET, OwnedConversation, StoredConversation,
    TakenOver,
};
use hsc_conversation::now_ms;
use redis::{FromRedisValue, RedisError, ScriptInvocation};
use tokio::sync::Semaphore;

use super::reply::{of_append, of_read, of_take_over};
use super::scripts::{APPEND, BEGIN, READ, TAKE_OVER};
use crate::pods::{Connection, Link, LinkError};

/// Marks that one claim reads; more than the stale marks that a pod leaves of answers taken over long ago.
const MOST_LOOKED_AT: usize = 64;

/// Commands of the log that are under way at once. When thousands of clients reconnect or ask at the same time, the
/// rest waits here: in the connection the wait would count against the time limit of a command, and a Redis that is
/// well would seem to be down.
const AT_ONCE: usize = 64;

/// A hundred years.
const MOST_TTL_MS: i64 = 3_155_760_000_000;

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
    pub fn entries_of(reply: Vec<redis::Value>) -> Result<StoredConversation, LogError> {
        of_read(reply)
    }

    /// The same for [`ConversationLog::take_over`], for a client at the position `after`.
    ///
    /// # Errors
    /// As [`RedisLog::entries_of`].
    pub fn taken_over_of(
        reply: Vec<redis::Value>,
        after: u64,
    ) -> Result<Option<TakenOver>, LogError> {
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

    async fn invoke<T: FromRedisValue>(&self, script: ScriptInvocation<'_>) -> Result<T, LogError> {
        self.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await
    }

    /// Uses the connection, after its turn.
    async fn run<T, F>(&self, what: impl FnOnce(Connection) -> F) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let _turn = self.turns.acquire().await;
        self.link.run(what).await.map_err(away)
    }

    async fn command<T: FromRedisValue>(&self, command: redis::Cmd) -> Result<T, LogError> {
        self.run(|mut connection| async move { command.query_async(&mut connection).await }).await
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
        let reply = self.invoke(script).await?;
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
        self.run(|mut connection| async move { commands.query_async(&mut connection).await }).await
    }

    /// Takes one conversation from a pod that is gone. The takeover itself decides which pod gets it: only
    /// one can take it from that owner in that epoch. The claimer's own mark is set before, and the
    /// mark of the gone pod is removed after, so that the conversation is found again if the claimer
    /// vanishes at any moment.
    async fn claim_from(&self, marks: &str, gone: &Arc<str>) -> Result<Option<Claimed>, LogError> {
        for _ in 0..MOST_LOOKED_AT {
            let mut any = redis::cmd("SRANDMEMBER");
            any.arg(marks);
            let Some(found) = self.command::<Option<Vec<u8>>>(any).await? else {
                return Ok(None);
            };
            let taken = match read_mark(&found) {
                Some(before) => self.claim_one(gone, before).await?,
                None => None,
            };
            let mut done = redis::cmd("SREM");
            done.arg(marks).arg(found);
            let removed = self.command::<()>(done).await;
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
        let conversation = Arc::clone(&before.conversation);
        let mine =
            OwnedConversation { conversation: Arc::clone(&conversation), epoch: before.epoch + 1 };
        self.mark(&mine, true).await?;
        let only_from = Some((before.epoch, Arc::clone(gone)));
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
            of_append(log.invoke(script).await?).map(|_| ())
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
            of_append(log.invoke(script).await?)
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
            of_read(log.invoke(script).await?)
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
            log.command(set).await
        })
    }

    fn are_tokens_ended(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<bool, LogError>> {
        let log = self.clone();
        Box::pin(async move {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(log.ended(&conversation));
            log.command(exists).await
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

fn away(error: LinkError) -> LogError {
    LogError::unavailable(error)
}
