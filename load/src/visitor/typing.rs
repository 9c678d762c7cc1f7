//! Human typing: the next key is typed when it is due, whether or not the last one was answered.
//!
//! So a server that stalls gets the keys of the whole stall, and the latency of each counts from when it was
//! typed. Only with a pause of zero does a visitor wait for each prediction: that measures
//! throughput, not latency.

use std::collections::VecDeque;
use std::time::Duration;

use hsc_conversation::protocol::ClientSays;
use rand::RngExt as _;
use tokio::time::Instant;

use super::Visitor;
use super::session::SessionError;
use crate::client::ReceivedMessage;
use crate::mix::varied;
use crate::tally::{Count, Operation, Tally};

/// Tolerated delay of a timer: tokio's has steps of a millisecond.
/// A longer delay is a stall of the harness itself, and is counted.
const TIMER_STEP: Duration = Duration::from_millis(2);

/// Keystrokes without a prediction yet, the oldest first.
#[derive(Default)]
struct Waiting(VecDeque<(u64, Instant)>);

impl Waiting {
    /// Handles a prediction: it answers its own keystroke, and the server skipped those before it.
    fn answered(&mut self, message: &ReceivedMessage, now: Instant, tally: &mut Tally) {
        let (true, Some(id)) = (message.kind == "prediction", message.id) else { return };
        while let Some(&(oldest, typed)) = self.0.front() {
            if oldest > id {
                return;
            }
            self.0.pop_front();
            if oldest == id {
                tally.took(Operation::Typing, now.saturating_duration_since(typed));
            } else {
                tally.count(Count::PassedOver);
            }
        }
    }

    /// Drops the keystrokes past the time limit, and returns their number.
    fn overdue(&mut self, now: Instant, timeout: Duration) -> usize {
        let late = |typed: &Instant| now.saturating_duration_since(*typed) > timeout;
        let overdue = self.0.iter().take_while(|(_, typed)| late(typed)).count();
        self.0.drain(..overdue);
        overdue
    }
}

/// When a key counts as typed: when it was due, unless the delay is within the timer's step.
fn typed_at(due: Instant, now: Instant) -> Instant {
    if now.saturating_duration_since(due) <= TIMER_STEP { now } else { due }
}

impl Visitor {
    /// Types names, one after the other, without end.
    pub(super) async fn type_names(&mut self) -> Result<(), SessionError> {
        let mut waiting = Waiting::default();
        let mut name: Vec<char> = Vec::new();
        let mut typed = 0;
        // The first key is not typed at the moment of the connection.
        let mut due = Instant::now() + varied(self.kind.pace.key, &mut self.random);
        loop {
            if typed == name.len() {
                name = self.pick_query();
                typed = 0;
            }
            self.listen_until(due, &mut waiting).await?;
            typed += 1;
            let content: String = name[..typed].iter().collect();
            let at = typed_at(due, Instant::now());
            let id = self.session().say(&ClientSays::Typing { content }).await?;
            waiting.0.push_back((id, at));
            due = self.next_key(due, typed == name.len());
            if self.kind.pace.key.is_zero() {
                self.listen_for_all(&mut waiting).await?;
                due = Instant::now();
            }
        }
    }

    fn pick_query(&mut self) -> Vec<char> {
        let queries = &self.crowd.plan.words.queries;
        let name = &queries[self.random.random_range(0..queries.len())];
        name.chars().collect()
    }

    fn next_key(&mut self, due: Instant, name_is_over: bool) -> Instant {
        let wait = if name_is_over { self.kind.pace.think } else { self.kind.pace.key };
        due + varied(wait, &mut self.random)
    }

    /// Reads messages until the next key is due.
    async fn listen_until(
        &mut self,
        due: Instant,
        waiting: &mut Waiting,
    ) -> Result<(), SessionError> {
        if self.kind.pace.key.is_zero() {
            return Ok(());
        }
        loop {
            let message = tokio::select! {
                message = self.session().receive() => message?,
                () = tokio::time::sleep_until(due) => break,
            };
            self.crowd.tally(|tally| waiting.answered(&message, Instant::now(), tally));
        }
        let overdue = waiting.overdue(Instant::now(), self.crowd.plan.timeout);
        self.crowd.tally(|tally| (0..overdue).for_each(|_| tally.count(Count::Timeouts)));
        Ok(())
    }

    /// Reads messages until every keystroke is answered.
    async fn listen_for_all(&mut self, waiting: &mut Waiting) -> Result<(), SessionError> {
        while !waiting.0.is_empty() {
            let message =
                self.session().receive_until(|message| message.kind == "prediction").await?;
            self.crowd.tally(|tally| waiting.answered(&message, Instant::now(), tally));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(id: u64) -> ReceivedMessage {
        ReceivedMessage {
            kind: "prediction".to_owned(),
            id: Some(id),
            ..ReceivedMessage::default()
        }
    }

    #[test]
    fn the_latency_of_a_late_key_counts_from_its_due_time() {
        let due = Instant::now();
        assert_eq!(typed_at(due, due + Duration::from_millis(1)), due + Duration::from_millis(1));
        assert_eq!(typed_at(due, due + Duration::from_millis(300)), due);
    }

    #[test]
    fn a_prediction_answers_its_key_and_skips_those_before() {
        let began = Instant::now();
        let mut waiting = Waiting((1..=4).map(|id| (id, began)).collect());
        let mut tally = Tally::default();
        waiting.answered(&prediction(3), began + Duration::from_millis(20), &mut tally);
        let summary = tally.summary(Duration::from_secs(1));
        assert_eq!(summary.counts["passed-over"], 2);
        assert_eq!(summary.operations["typing"].count, 1);
        assert_eq!(waiting.0.len(), 1, "the fourth still waits");
    }

    #[test]
    fn an_unanswered_key_is_overdue_after_the_time_limit() {
        let began = Instant::now();
        let later = began + Duration::from_secs(5);
        let mut waiting = Waiting([(1, began), (2, later)].into());
        assert_eq!(waiting.overdue(later, Duration::from_secs(3)), 1);
        assert_eq!(waiting.0.len(), 1);
    }
}
