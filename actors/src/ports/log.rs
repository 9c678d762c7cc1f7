//! The log of conversations: in this process or in Redis.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, OwnedConversation, StoredConversation, TakenOver,
};

/// Stores conversations. Every call ends within a time limit of its own.
pub trait ConversationLog: Send + Sync + 'static {
    /// Begins a conversation, or begins it again after [`LogError::Unknown`] and [`LogError::Gap`]: entries continue
    /// after `offset`, and earlier entries and the checkpoint are deleted. If the log has reached `offset` in this
    /// epoch already, nothing changes: the call is idempotent. Refused with [`LogError::Stale`] when the log has a
    /// later epoch, or this one with another pod.
    fn begin(
        &self,
        owned: OwnedConversation,
        offset: u64,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// Appends, and notifies subscribers, in order and without a gap after the last offset. Entries that exist
    /// already are skipped, so a batch whose append is in doubt can be repeated. Returns the last offset of the log.
    fn append(
        &self,
        owned: OwnedConversation,
        batch: Batch,
    ) -> BoxFuture<'static, Result<u64, LogError>>;

    /// Makes the caller the owner, in the next epoch, for a client at this position. The previous owner cannot
    /// append any more.
    fn take_over(
        &self,
        conversation: Arc<str>,
        seen: ClientPosition,
    ) -> BoxFuture<'static, Result<TakenOver, LogError>>;

    /// Reads the stored entries of a conversation, without a change. [`LogError::Unknown`] if there are none.
    fn read(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<StoredConversation, LogError>>;

    /// Reports that an answer is being made here, or not any more. While it is, and this pod vanishes, another pod
    /// may take the conversation over with [`ConversationLog::claim`] and complete it. Ownership is not checked: the
    /// caller's next append does that.
    fn answering(
        &self,
        owned: OwnedConversation,
        is_answering: bool,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// The visitor has ended the conversation: its earlier tokens are revoked. Stored for `keep`, the longest
    /// lifetime of a token.
    fn end_tokens(
        &self,
        conversation: Arc<str>,
        keep: Duration,
    ) -> BoxFuture<'static, Result<(), LogError>>;

    /// True after [`ConversationLog::end_tokens`] for the conversation on any pod.
    fn are_tokens_ended(
        &self,
        conversation: Arc<str>,
    ) -> BoxFuture<'static, Result<bool, LogError>>;

    /// Takes over one conversation whose answer the given vanished pod was making. Each is given to one claimer only,
    /// which counts as making the answer from then on; none if there is none left. A conversation that has a new
    /// owner since is not given.
    fn claim(&self, pod: Arc<str>) -> BoxFuture<'static, Result<Option<Claimed>, LogError>>;
}
