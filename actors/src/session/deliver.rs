//! Messages of other parts of the pod to a session.

use std::sync::Arc;

use actix::Message;
use hsc_conversation::desk::DeskUpdate;
use hsc_conversation::protocol::{CloseReason, ServerMessage};

/// A message to a session.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) enum Deliver {
    /// Finish the running answer, send `reconnect`, close with 1012.
    Reconnect {
        /// Delay before the reconnect, in milliseconds.
        after_ms: u64,
    },
    /// The drain time is over: leave the running answer to another pod, send `reconnect`, close with 1012.
    HandOver {
        /// Delay before the reconnect, in milliseconds.
        after_ms: u64,
    },
    /// Close the socket.
    Close(CloseReason),
    /// Close, if a later epoch than this session's owns the conversation.
    TakenOver {
        /// The current epoch.
        epoch: u64,
    },
    /// Send this message.
    Send(Arc<ServerMessage>),
    /// A report of the desk about the conversation.
    Desk(Box<DeskUpdate>),
    /// Panic, as an injected fault.
    Panic,
    /// Stop without a message, as an injected fault.
    Stop,
}
