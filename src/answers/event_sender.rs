//! Turns an async function that sends events into a stream.

use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use hsc_conversation::answer::AnswerEvent;

/// Capacity of the channel. Small: a reader that stops reading stops the answer.
const WAITING: usize = 8;

/// Sends events to the holder of the stream.
pub(super) struct EventSender(mpsc::Sender<AnswerEvent>);

impl EventSender {
    /// Sends an event; waits while the reader is behind.
    pub(super) async fn tell(&mut self, event: AnswerEvent) {
        // The reader is gone: the function itself is dropped with the stream.
        let _ = self.0.send(event).await;
    }
}

/// The stream of the events that `tell` sends. Dropping the stream drops the function at its current await.
pub(super) fn stream_of<F, Sending>(tell: F) -> BoxStream<'static, AnswerEvent>
where
    F: FnOnce(EventSender) -> Sending,
    Sending: Future<Output = ()> + Send + 'static,
{
    let (sender, events) = mpsc::channel(WAITING);
    let telling = tell(EventSender(sender)).into_stream().filter_map(|()| async { None });
    stream::select(events, telling).boxed()
}
