//! The messages of one client: its bytes, read through the frame guard and under a deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::error::PayloadError;
use bytes::{Buf as _, Bytes};
use futures::Stream;
use tokio::time::{Instant, Sleep};

use super::budget::{BudgetShare, SharedBudget};
use super::frames::{FrameReader, Message, Violation};

/// Frames read before the thread is yielded to other connections. Fragments are frames without
/// a message, so the context, which yields by messages, would not count them.
const FRAMES_AT_ONCE: usize = 32;

/// Bounds of an incomplete message.
pub(super) struct MessageRules {
    /// From its first byte to its last.
    pub(super) deadline: Duration,
    /// Shared by all connections of the pod.
    pub(super) budget: Arc<SharedBudget>,
}

/// The stream of messages. Ends after a violation, and when the client has gone.
pub(super) struct Incoming<S> {
    bytes: S,
    /// The rest of the last read that is not decoded yet.
    chunk: Bytes,
    reader: FrameReader,
    opened: Instant,
    rules: Arc<MessageRules>,
    /// Set while a message or frame is incomplete.
    unfinished: Option<Unfinished>,
    has_ended: bool,
}

struct Unfinished {
    share: BudgetShare,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Incoming<S> {
    pub(super) fn new(bytes: S, reader: FrameReader, rules: Arc<MessageRules>) -> Self {
        Self {
            bytes,
            chunk: Bytes::new(),
            reader,
            opened: Instant::now(),
            rules,
            unfinished: None,
            has_ended: false,
        }
    }
}

impl<S> Stream for Incoming<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    type Item = Result<Message, Violation>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        let polled = this.poll_message(cx);
        if !matches!(polled, Poll::Pending | Poll::Ready(Some(Ok(_)))) {
            this.has_ended = true;
            this.chunk = Bytes::new();
            this.unfinished = None;
        }
        polled
    }
}

impl<S> Incoming<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Violation>>> {
        for _ in 0..FRAMES_AT_ONCE {
            if self.chunk.is_empty() {
                match Pin::new(&mut self.bytes).poll_next(cx) {
                    Poll::Ready(Some(Ok(chunk))) => self.chunk = chunk,
                    // The connection ended or broke: nothing can be sent any more.
                    Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(None),
                    Poll::Pending => return self.poll_unfinished(cx).map(|it| Some(Err(it))),
                }
            }
            match self.reader.read(&self.chunk, self.opened.elapsed()) {
                Ok(step) => {
                    self.chunk.advance(step.read);
                    if self.reader.is_between_messages() {
                        self.unfinished = None;
                    }
                    if let Some(message) = step.message {
                        return Poll::Ready(Some(Ok(message)));
                    }
                }
                Err(violation) => return Poll::Ready(Some(Err(violation))),
            }
        }
        cx.waker().wake_by_ref();
        self.poll_unfinished(cx).map(|it| Some(Err(it)))
    }

    /// Counts the stored bytes of the incomplete message, and checks its deadline.
    fn poll_unfinished(&mut self, cx: &mut Context<'_>) -> Poll<Violation> {
        if self.reader.is_between_messages() {
            return Poll::Pending;
        }
        let unfinished = self.unfinished.get_or_insert_with(|| Unfinished {
            share: self.rules.budget.share(),
            deadline: Box::pin(tokio::time::sleep(self.rules.deadline)),
        });
        unfinished.share.hold(self.reader.stored_bytes());
        if unfinished.share.is_evicted(cx) {
            return Poll::Ready(Violation::MemoryBudget);
        }
        unfinished.deadline.as_mut().poll(cx).map(|()| Violation::MessageDeadline)
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};

    use super::super::frames::FrameLimits;
    use super::*;

    const LIMITS: FrameLimits =
        FrameLimits { message_bytes: 1_000_000, small_frames_per_second: 1_000 };

    /// A frame of up to 125 bytes; a mask of zeros leaves its payload as it is.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
    }

    fn incoming<S>(bytes: S, deadline: Duration) -> Incoming<S> {
        let budget = SharedBudget::new(10_000_000, |_| {});
        Incoming::new(bytes, FrameReader::new(LIMITS), Arc::new(MessageRules { deadline, budget }))
    }

    #[actix::test]
    async fn endless_fragments_yield_the_thread_after_a_bounded_number() {
        let fragments = [frame(0x01, &[b'x'; 100]), frame(0x00, &[b'x'; 100]).repeat(999)].concat();
        let mut rest = Some(Ok(Bytes::from(fragments)));
        let bytes = stream::poll_fn(move |_| match rest.take() {
            Some(chunk) => Poll::Ready(Some(chunk)),
            None => Poll::Pending,
        });
        let mut incoming = incoming(bytes, Duration::from_secs(60));
        let mut polls = 0;
        while incoming.reader.stored_bytes() < 100_000 {
            let polled =
                incoming.poll_next_unpin(&mut Context::from_waker(futures::task::noop_waker_ref()));
            assert!(polled.is_pending(), "there is no message in it: {polled:?}");
            polls += 1;
        }
        assert_eq!(polls, 1_000_usize.div_ceil(FRAMES_AT_ONCE));
    }

    #[actix::test]
    async fn a_pong_does_not_prolong_a_message() {
        let begin = stream::iter([Ok(Bytes::from(frame(0x01, b"{")))]);
        let pongs = stream::unfold((), |()| async {
            // No deadline: it ends with its reader, which has one.
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok(Bytes::from(frame(0x8a, b""))), ()))
        });
        let mut incoming = incoming(begin.chain(pongs).boxed_local(), Duration::from_millis(50));
        let ended = async {
            loop {
                match incoming.next().await {
                    Some(Ok(Message::Pong)) => {}
                    other => return other,
                }
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
        assert_eq!(ended.expect("the deadline passes"), Some(Err(Violation::MessageDeadline)));
        let after = tokio::time::timeout(Duration::from_secs(20), incoming.next()).await;
        assert_eq!(after.expect("an ended stream answers at once"), None);
    }
}
