//! The log of conversations: in this process or in Redis.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use hsc_conversation::log::{
    Batch, Claimed, ClientPosition, LogError, OwnedConversation, StoredConversation, TakenOver,
};

/// The reply of the log.
pub type LogReply<T> = BoxFuture<'static, Result<T, LogError>>;

/// Stores conversations. Every call ends within a time limit of its own.
pub trait ConversationLog: Send + Sync + 'static {
    /// Begins a conversation, or begins it again after [`LogError::Unknown`] and [`LogError::Gap`]: entries continue
    /// after `offset`, and earlier entries and the checkpoint are deleted. If the log has reached `offset` in this
    /// epoch already, nothing changes: the call is idempotent. Refused with [`LogError::Stale`] when the log has a
    /// later epoch, or this one with another pod.
    fn begin(&self, owned: OwnedConversation, offset: u64) -> LogReply<()>;

    /// Appends, and notifies subscribers, in order and without a gap after the last offset. Entries that exist
    /// already are skipped, so a batch whose append is in doubt can be repeated. Returns the last offset of the log.
    fn append(&self, owned: OwnedConversation, batch: Batch) -> LogReply<u64>;

    /// Makes the caller the owner, in the next epoch, for a client at this position. The previous owner cannot
    /// append any more.
    fn take_over(&self, conversation: Arc<str>, seen: ClientPosition) -> LogReply<TakenOver>;

    /// Reads the stored entries of a conversation, without a change. [`LogError::Unknown`] if there are none.
    fn read(&self, conversation: Arc<str>) -> LogReply<StoredConversation>;

    /// Reports that an answer is being made here, or not any more. While it is, and this pod vanishes, another pod
    /// may take the conversation over with [`ConversationLog::claim`] and complete it. Ownership is not checked: the
    /// caller's next append does that.
    fn answering(&self, owned: OwnedConversation, is_answering: bool) -> LogReply<()>;

    /// The visitor has ended the conversation: its earlier tokens are revoked. Stored for `keep`, the longest
    /// lifetime of a token.
    fn end_tokens(&self, conversation: Arc<str>, keep: Duration) -> LogReply<()>;

    /// True after [`ConversationLog::end_tokens`] for the conversation on any pod.
    fn are_tokens_ended(&self, conversation: Arc<str>) -> LogReply<bool>;

    /// Takes over one conversation whose answer the given vanished pod was making. Each is given to one claimer only,
    /// which counts as making the answer from then on; none if there is none left. A conversation that has a new
    /// owner since is not given.
    fn claim(&self, pod: Arc<str>) -> LogReply<Option<Claimed>>;
}
