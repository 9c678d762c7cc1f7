//! A stream of events out of an async function that tells them one by one.

use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use hsc_conversation::answer::AnswerEvent;

/// Events that may wait for the reader. Few: a reader that stops reading stops the answer.
const WAITING: usize = 8;

/// Tells events to whoever holds the stream.
pub(super) struct EventSender(mpsc::Sender<AnswerEvent>);

impl EventSender {
    /// Tells an event; waits while the reader is behind.
    pub(super) async fn tell(&mut self, event: AnswerEvent) {
        // Nobody listens any more: then the function itself is dropped with the stream.
        let _ = self.0.send(event).await;
    }
}

/// The events that `tell` tells. Dropping the stream drops the function where it stands.
pub(super) fn stream_of<F, Told>(tell: F) -> BoxStream<'static, AnswerEvent>
where
    F: FnOnce(EventSender) -> Told,
    Told: Future<Output = ()> + Send + 'static,
{
    let (sender, told) = mpsc::channel(WAITING);
    let telling = tell(EventSender(sender)).into_stream().filter_map(|()| async { None });
    stream::select(told, telling).boxed()
}
