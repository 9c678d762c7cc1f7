//! The state that survives a crash of the state machine and that a pod needs to take a conversation over.
//!
//! The session stores the checkpoint beside the [`Conversation`](crate::Conversation) and writes it after each input
//! that succeeded. After a panic the conversation is dropped, whatever state it had reached, and a new one starts from
//! the checkpoint. The log of the conversation stores the same beside its entries ([`crate::checkpoint_codec`]).

use std::collections::VecDeque;

use crate::archive::Visitor;
use crate::handoff::Handoff;
use crate::message_ids::MessageIds;
use crate::open_answer::{AcceptedQuestion, OpenAnswer, TextDigest};
use crate::protocol::{ClientFrame, MessageId, Resume};
use crate::topic::Topic;

/// The checkpoint of a conversation. Small while no question is open.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint {
    pub(crate) compact: bool,
    pub(crate) locale: Option<String>,
    /// The visitor, if the embedding site signed a visitor token.
    pub(crate) visitor: Option<Visitor>,
    /// The epoch of the owner; 0 before the first `hello`.
    pub(crate) epoch: u64,
    /// The last offset that was assigned: the next owner continues after it.
    pub(crate) offset: u64,
    /// Number of the last answer that was started.
    pub(crate) answers: u64,
    /// The question of the running answer.
    pub(crate) open: Option<Box<OpenAnswer>>,
    /// The questions in the queue.
    pub(crate) pending: VecDeque<AcceptedQuestion>,
    pub(crate) seen: MessageIds,
    /// A `hello` that has no `welcome` yet.
    pub(crate) greeting: Option<Box<PendingHello>>,
    pub(crate) handoff: Handoff,
    pub(crate) topic: Topic,
}

/// A `hello` whose conversation is being opened, and the messages received after it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PendingHello {
    pub(crate) id: Option<MessageId>,
    /// The conversation to continue, if it can still be continued.
    pub(crate) resume: Option<Resume>,
    /// The `hello` names a conversation to continue, but came after another had begun.
    pub(crate) is_late: bool,
    pub(crate) held: Vec<ClientFrame>,
}

impl Checkpoint {
    /// For a client that does not have the whole conversation: the open answer is sent from its beginning, and a
    /// repeated question, whose answer was lost, is answered again.
    pub(crate) fn forget_what_was_read(&mut self) {
        if let Some(open) = &mut self.open {
            (open.sent_text, open.sent_reading, open.sent_thinking) =
                (TextDigest::default(), false, false);
        }
        let open = self.open.iter().map(|open| &open.question);
        let waiting: Vec<&MessageId> =
            open.chain(&self.pending).filter_map(|question| question.id.as_ref()).collect();
        self.seen.retain(|id| waiting.contains(&id));
    }
}
