//! The incoming messages of one connection of the relay.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use hsc_actors::ports::Relayed;
use redis::{Msg, PushInfo, PushKind};
use tokio::sync::{Notify, mpsc};

/// The reader is gone.
pub(super) struct SinkClosed;

/// Passes on the messages of one connection.
pub(super) struct SubscriptionSink {
    tell: mpsc::Sender<Relayed>,
    prefix: String,
    over: AtomicBool,
    overran: AtomicBool,
    lost: Notify,
}

impl SubscriptionSink {
    pub(super) fn new(tell: mpsc::Sender<Relayed>, prefix: String) -> Self {
        let (over, overran) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { tell, prefix, over, overran, lost: Notify::new() }
    }

    /// Later messages of the connection are ignored.
    pub(super) fn is_over(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Never waits: it runs inside the connection.
    pub(super) fn receive(&self, push: PushInfo) -> Result<(), SinkClosed> {
        if self.over.load(Ordering::Acquire) {
            return Err(SinkClosed);
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
    pub(super) async fn lost(&self) -> &'static str {
        self.lost.notified().await;
        match self.overran.load(Ordering::Acquire) {
            true => "messages come in faster than they are read",
            false => "the connection was closed",
        }
    }
}
