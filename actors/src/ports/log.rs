//! Where the logs of conversations are kept: in this process or in Redis.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, OwnedConversation, StoredConversation, TakenOver,
};

/// Keeps conversations. Every call ends within a bounded time of its own.
pub trait ConversationLog: Send + Sync + 'static {
    /// Begins a conversation, or begins it again after [`LogError::Unknown`] and [`LogError::Gap`]:
    /// entries go on after `offset`, and what was there before is gone for good, the checkpoint too.
    /// Where the log has come as far as `offset` in this epoch, nothing changes: to begin twice is safe.
    /// Refused with [`LogError::Stale`] when the log knows a later epoch, or this one with another pod.
    fn begin(
        &self,
        owned: OwnedConversation,
        offset: u64,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// Appends and tells whoever listens, in order and without a hole from the last offset on. Entries that are there already are passed over, so a batch
    /// whose fate is unknown can be tried again. Gives the last offset of the log.
    fn append(
        &self,
        owned: OwnedConversation,
        batch: Batch,
    ) -> BoxFuture<'static, Result<u64, LogError>>;

    /// Makes the caller the owner, for a client that has come so far: the next epoch, and the old owner
    /// writes no more.
    fn take_over(
        &self,
        conversation: Arc<str>,
        seen: ClientPosition,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>>;

    /// Reads what is kept of a conversation; nothing changes by it. [`LogError::Unknown`] where nothing is.
    fn read(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<StoredConversation, LogError>>;

    /// Says that an answer is being made here, or no more. While it is, and this pod stops to be heard
    /// of, another pod may take the conversation over with [`ConversationLog::claim`] and complete it.
    /// Whether the caller still owns the conversation is not looked at: its next append tells.
    fn answering(
        &self,
        owned: OwnedConversation,
        is_answering: bool,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// The visitor has ended the conversation: tokens that were given for it before are over. Kept for so long,
    /// the longest time that such a token is good.
    fn end_tokens(
        &self,
        conversation: Arc<str>,
        keep: Duration,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// True where [`ConversationLog::end_tokens`] was said of the conversation, by whichever pod.
    fn are_tokens_ended(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<bool, LogError>>;

    /// Takes over one conversation whose answer this pod, which is not heard of any more, was making.
    /// Each is given to one claimer only, and counts as being answered by it from then on; none when
    /// there is none left. One that somebody else took over since is not given.
    fn claim(&self, pod: Arc<str>) -> BoxFuture<'static, Result<Option<Claimed>, LogError>>;
}
