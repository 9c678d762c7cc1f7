//! The concurrent answers of a pod, and the queue of waiting questions.
//!
//! An answer costs memory and a model's time; a hundred at once would all be slow. Questions beyond the bound wait in
//! order of arrival, get their place and its changes, and are refused when the queue is full.
//!
//! Each waiting question gets updates at its own pace, so that one step of a long queue does not send a thousand
//! messages: the first ones at once, the others spread over [`PACE`], none twice within it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::mutex::Mutex;
use hsc_conversation::ClientKey;

/// Time between two updates of one waiting question. A person does not read faster, and a queue of a thousand costs
/// at most a thousand small frames per second.
const PACE: Duration = Duration::from_secs(1);
/// Number of questions at the front that are updated at once; they are few and next.
const IN_FRONT: usize = 8;
/// The questions behind them are updated in this many groups, one after the other within [`PACE`].
const GROUPS: u32 = 16;

/// The answer queue of a pod.
pub(crate) struct AnswerQueue {
    free: Arc<Semaphore>,
    waiting: Mutex<QueuedQuestion>,
    /// Number of questions that have left the queue; a change means that places may have changed.
    departures: watch::Sender<u64>,
    at_once: usize,
    max_waiting: usize,
    /// The bound per client; 0 is unlimited.
    max_waiting_of_client: usize,
    pace: Duration,
}

#[derive(Default)]
struct QueuedQuestion {
    /// In order of arrival, so that a place is found by binary search.
    tickets: VecDeque<u64>,
    next: u64,
    /// Number of tickets per client.
    of_client: HashMap<ClientKey, usize>,
}

/// The result of entering the queue.
pub(crate) enum QueueOutcome {
    /// A slot is free.
    Now(OwnedSemaphorePermit),
    /// The question is queued.
    Later(QueueSlot),
    /// The queue is full.
    Full,
}

/// A place in the queue, given up on drop.
pub(crate) struct QueueSlot {
    queue: Arc<AnswerQueue>,
    ticket: u64,
    client: Option<ClientKey>,
}

/// What a queued question receives.
pub(crate) enum QueueUpdate {
    /// The place; 1 is next.
    At(usize),
    /// The question's turn, with its slot.
    Over(OwnedSemaphorePermit),
}

impl AnswerQueue {
    pub(crate) fn new(
        at_once: usize,
        max_waiting: usize,
        max_waiting_of_client: usize,
    ) -> Arc<Self> {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(at_once)),
            waiting: Mutex::default(),
            departures: watch::Sender::new(0),
            at_once,
            max_waiting,
            max_waiting_of_client,
            pace: PACE,
        })
    }

    /// Number of running answers.
    pub(crate) fn answering(&self) -> usize {
        self.at_once.saturating_sub(self.free.available_permits())
    }

    /// Number of waiting questions.
    pub(crate) fn queued(&self) -> usize {
        self.waiting.lock().tickets.len()
    }

    /// Enters the queue, for a question from this client address. The bound of one client is checked before the bound
    /// of all, so that one client cannot fill the queue.
    pub(crate) fn enter(self: &Arc<Self>, client: Option<ClientKey>) -> QueueOutcome {
        let mut waiting = self.waiting.lock();
        // Queued questions go first.
        if waiting.tickets.is_empty()
            && let Ok(permit) = Arc::clone(&self.free).try_acquire_owned()
        {
            return QueueOutcome::Now(permit);
        }
        let most = self.max_waiting_of_client;
        let of_client = client.and_then(|client| waiting.of_client.get(&client)).copied();
        if (most > 0 && of_client.unwrap_or_default() >= most)
            || waiting.tickets.len() >= self.max_waiting
        {
            return QueueOutcome::Full;
        }
        if let Some(client) = client {
            *waiting.of_client.entry(client).or_default() += 1;
        }
        let ticket = waiting.next;
        waiting.next += 1;
        waiting.tickets.push_back(ticket);
        drop(waiting);
        QueueOutcome::Later(QueueSlot { queue: Arc::clone(self), ticket, client })
    }
}

impl QueueSlot {
    /// 1 is next.
    pub(crate) fn number(&self) -> usize {
        let found = self.queue.waiting.lock().tickets.binary_search(&self.ticket);
        found.map_or(1, |before| before + 1)
    }

    /// Yields the place, each change of it, and at last the slot.
    pub(crate) fn updates(self) -> impl Stream<Item = QueueUpdate> + Send + 'static {
        let turn = Arc::clone(&self.queue.free).acquire_owned();
        let watched = WatchedSlot {
            departures: self.queue.departures.subscribe(),
            reported: None,
            place: self,
        };
        stream::unfold(Some((Box::pin(turn), watched)), |waits| async move {
            let (mut turn, mut watched) = waits?;
            tokio::select! {
                biased;
                // A closed semaphore ends the stream.
                permit = &mut turn => Some((QueueUpdate::Over(permit.ok()?), None)),
                number = watched.next() => Some((QueueUpdate::At(number), Some((turn, watched)))),
            }
        })
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting.lock();
        if let Ok(at) = waiting.tickets.binary_search(&self.ticket) {
            waiting.tickets.remove(at);
        }
        if let Some(client) = self.client
            && let Some(count) = waiting.of_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                waiting.of_client.remove(&client);
            }
        }
        drop(waiting);
        self.queue.departures.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// A place whose changes are reported.
struct WatchedSlot {
    departures: watch::Receiver<u64>,
    /// Last reported place, and its time.
    reported: Option<(usize, Instant)>,
    place: QueueSlot,
}

impl WatchedSlot {
    /// The place, once it differs from the reported one. Cancel safe.
    async fn next(&mut self) -> usize {
        loop {
            if let Some((number, at)) = self.reported {
                // While it sleeps it is not woken by the steps of others.
                sleep_until(at + self.place.queue.pace).await;
                if !self.departures.has_changed().unwrap_or(false)
                    && self.departures.changed().await.is_err()
                {
                    // Not while the place keeps the queue alive.
                    std::future::pending::<()>().await;
                }
                sleep(update_delay(number, self.place.ticket, self.place.queue.pace)).await;
            }
            self.departures.mark_unchanged();
            let number = self.place.number();
            let before = self.reported.map(|(before, _)| before);
            self.reported = Some((number, Instant::now()));
            if before != Some(number) {
                return number;
            }
        }
    }
}

/// Delay of an update after a step, so that updates are spread over time.
fn update_delay(number: usize, ticket: u64, pace: Duration) -> Duration {
    if number <= IN_FRONT {
        return Duration::ZERO;
    }
    let group = u32::try_from(ticket % u64::from(GROUPS)).unwrap_or(0);
    pace * group / GROUPS
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use futures::StreamExt as _;
    use futures::stream::BoxStream;

    use super::*;
    use hsc_conversation::ClientAddress;

    fn paced(
        at_once: usize,
        max_waiting: usize,
        of_client: usize,
        pace: Duration,
    ) -> Arc<AnswerQueue> {
        let queue = AnswerQueue::new(at_once, max_waiting, of_client);
        Arc::new(AnswerQueue { pace, ..Arc::into_inner(queue).expect("a new one") })
    }

    fn wait(queue: &Arc<AnswerQueue>) -> QueueSlot {
        match queue.enter(None) {
            QueueOutcome::Later(place) => place,
            _ => panic!("there was to be a wait"),
        }
    }

    /// Every update that is ready without waiting.
    fn pending_updates(waits: &mut BoxStream<'static, QueueUpdate>) -> Vec<QueueUpdate> {
        let mut updates = Vec::new();
        while let Poll::Ready(Some(word)) =
            waits.poll_next_unpin(&mut Context::from_waker(Waker::noop()))
        {
            updates.push(word);
        }
        updates
    }

    fn places(updates: &[QueueUpdate]) -> Vec<usize> {
        let place = |word: &QueueUpdate| match word {
            QueueUpdate::At(place) => Some(*place),
            QueueUpdate::Over(_) => None,
        };
        updates.iter().filter_map(place).collect()
    }

    #[tokio::test]
    async fn one_client_cannot_fill_the_answer_queue() {
        let queue = AnswerQueue::new(1, 10, 2);
        let client = |last| Some(ClientAddress::new([10, 0, 0, last].into()).key());
        let (one, other) = (client(1), client(2));
        let QueueOutcome::Now(_running) = queue.enter(one) else { panic!("the queue was empty") };
        let places: Vec<QueueOutcome> = (0..2).map(|_| queue.enter(one)).collect();
        assert!(places.iter().all(|turn| matches!(turn, QueueOutcome::Later(_))));
        assert!(matches!(queue.enter(one), QueueOutcome::Full));
        assert!(matches!(queue.enter(other), QueueOutcome::Later(_)));
        drop(places);
        assert!(matches!(queue.enter(one), QueueOutcome::Later(_)));
    }

    #[tokio::test]
    async fn questions_are_admitted_in_order_and_a_dropped_slot_is_free() {
        let queue = AnswerQueue::new(1, 2, 0);
        let QueueOutcome::Now(running) = queue.enter(None) else { panic!("the queue was empty") };
        let (first, second) = (wait(&queue), wait(&queue));
        assert_eq!((first.number(), second.number()), (1, 2));
        assert!(matches!(queue.enter(None), QueueOutcome::Full));
        drop(first);
        assert_eq!(second.number(), 1);
        let third = wait(&queue);
        let (mut second, mut third) = (second.updates().boxed(), third.updates().boxed());
        assert_eq!(places(&pending_updates(&mut second)), [1]);
        assert_eq!(places(&pending_updates(&mut third)), [2]);
        drop(running);
        let turn = pending_updates(&mut second);
        assert!(matches!(turn[..], [QueueUpdate::Over(_)]));
        assert!(pending_updates(&mut third).is_empty(), "one at a time");
        drop((turn, second));
        assert!(matches!(pending_updates(&mut third)[..], [QueueUpdate::Over(_)]));
        drop(third);
        assert!(matches!(queue.enter(None), QueueOutcome::Now(_)));
    }

    const SOON: Duration = Duration::from_millis(20);
    const NOT_TODAY: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn only_questions_whose_place_changes_receive_an_update() {
        let queue = paced(1, 10, 0, SOON);
        let QueueOutcome::Now(_running) = queue.enter(None) else { panic!("the queue was empty") };
        let (first, second, third) = (wait(&queue), wait(&queue), wait(&queue));
        let (mut first, mut third) = (first.updates().boxed(), third.updates().boxed());
        assert_eq!(
            (places(&pending_updates(&mut first)), places(&pending_updates(&mut third))),
            (vec![1], vec![3])
        );
        drop(second);
        let updates = tokio::time::timeout(1_000 * SOON, third.next()).await.expect("an update");
        assert_eq!(places(&updates.into_iter().collect::<Vec<_>>()), [2]);
        let silent = tokio::time::timeout(5 * SOON, first.next()).await;
        assert!(silent.is_err(), "still the first");
    }

    #[tokio::test]
    async fn updates_are_coalesced_and_the_last_one_has_the_current_place() {
        let slow = paced(1, 100, 0, NOT_TODAY);
        let QueueOutcome::Now(_running) = slow.enter(None) else { panic!("the queue was empty") };
        let leaving: Vec<QueueSlot> = (0..50).map(|_| wait(&slow)).collect();
        let mut last = wait(&slow).updates().boxed();
        assert_eq!(places(&pending_updates(&mut last)), [51]);
        for place in leaving {
            drop(place);
            assert!(pending_updates(&mut last).is_empty(), "told a moment ago");
        }
        let quick = paced(1, 1_000, 0, SOON);
        let QueueOutcome::Now(_running) = quick.enter(None) else { panic!("the queue was empty") };
        let leaving: Vec<QueueSlot> = (0..50).map(|_| wait(&quick)).collect();
        let mut waiting: Vec<_> = (0..900).map(|_| wait(&quick).updates().boxed()).collect();
        for waits in &mut waiting {
            pending_updates(waits);
        }
        drop(leaving);
        let updates = futures::future::join_all(waiting.iter_mut().map(|waits| waits.next())).await;
        for (at, updates) in updates.into_iter().enumerate() {
            let updates: Vec<QueueUpdate> = updates.into_iter().collect();
            assert_eq!(places(&updates), [at + 1], "fifty steps, one word");
        }
    }

    #[test]
    fn updates_to_a_thousand_waiting_questions_are_spread_over_the_interval() {
        let mut at_once = std::collections::BTreeMap::new();
        for number in 1..=1_000 {
            let wait = update_delay(number, number as u64, PACE);
            assert!(wait < PACE);
            *at_once.entry(wait).or_insert(0) += 1;
        }
        let most = at_once.values().max().copied().unwrap_or(0);
        assert!(most <= 1_000 / GROUPS as usize + IN_FRONT + 1, "{most} at once");
    }
}
