//! The scenarios except typing: idle, ask, resume storm, slow reader.

use std::time::Duration;

use hsc_conversation::protocol::{Ask, ClientSays};
use rand::RngExt as _;
use tokio::time::{Instant, sleep, sleep_until};

use super::Visitor;
use super::session::SessionError;
use crate::mix::varied;
use crate::tally::Operation;

impl Visitor {
    /// Reads, which also answers the server's pings.
    pub(super) async fn idle(&mut self) -> Result<(), SessionError> {
        loop {
            self.session().receive().await?;
        }
    }

    /// Asks, reads, pauses, asks again. The next question is due when the answer has been read, so
    /// a stall hides no question.
    pub(super) async fn ask_on(&mut self) -> Result<(), SessionError> {
        loop {
            if self.unanswered.is_none() {
                let think = varied(self.kind.pace.think, &mut self.random);
                self.idle_until(Instant::now() + think).await?;
            }
            self.ask().await?;
        }
    }

    /// Asks a question, the unanswered one first, and reads its answer.
    async fn ask(&mut self) -> Result<(), SessionError> {
        let asked_at = Instant::now();
        let id = match self.unanswered.clone() {
            Some((id, question)) => {
                self.session().say_again(&ClientSays::LockAndQuery(question), id).await?;
                id
            }
            None => {
                let question = self.pick_question();
                let id = self.session().say(&ClientSays::LockAndQuery(question.clone())).await?;
                self.unanswered = Some((id, question));
                id
            }
        };
        let ends = |kind: &str| matches!(kind, "final_answer" | "error");
        let first = self
            .session()
            .receive_until(|message| {
                message.id == Some(id) && (message.kind == "answer_chunk" || ends(&message.kind))
            })
            .await?;
        if !ends(&first.kind) {
            self.crowd.tally(|tally| tally.took(Operation::FirstChunk, asked_at.elapsed()));
            let last = self
                .session()
                .receive_until(|message| message.id == Some(id) && ends(&message.kind))
                .await?;
            if last.kind == "final_answer" {
                self.crowd.tally(|tally| tally.took(Operation::Ask, asked_at.elapsed()));
            }
        }
        self.unanswered = None;
        Ok(())
    }

    fn pick_question(&mut self) -> Ask {
        let words = &self.crowd.plan.words;
        let product = &words.products[self.random.random_range(0..words.products.len())];
        let question = &words.questions[self.random.random_range(0..words.questions.len())];
        Ask { product_id: product.clone(), query: question.clone(), ..Ask::default() }
    }

    /// Has a conversation, and loses its socket in every storm.
    pub(super) async fn weather_storms(&mut self) -> Result<(), SessionError> {
        // Also after a resume that failed midway; a conversation without an answer would have nothing to resume.
        self.ask().await?;
        loop {
            let storm = self.next_storm();
            self.idle_until(storm).await?;
            let session = self.session.take().expect("a scenario is played on an open socket");
            // Without a close, as a storm does it.
            self.lost = session.lost(storm);
            self.open(storm).await?;
        }
    }

    /// Storms happen at the same time for all visitors, counted from the end of the ramp.
    fn next_storm(&self) -> Instant {
        let plan = &self.crowd.plan;
        let every = self.kind.pace.storm_every.max(Duration::from_millis(100));
        let first = self.crowd.began + plan.schedule.ramp + every;
        let since = Instant::now().saturating_duration_since(first - every);
        let past = (since.as_secs_f64() / every.as_secs_f64()).floor();
        first + every.mul_f64(past)
    }

    /// Types far faster than it reads.
    pub(super) async fn read_slowly(&mut self) -> Result<(), SessionError> {
        let mut read_at = Instant::now() + self.kind.pace.read_every;
        loop {
            // With a pause of zero a slow reader would never yield.
            let key = self.kind.pace.key.max(Duration::from_millis(1));
            sleep(varied(key, &mut self.random)).await;
            // An empty keystroke requests the largest prediction there is.
            self.session().say(&ClientSays::Typing { content: String::new() }).await?;
            if Instant::now() >= read_at {
                self.session().receive().await?;
                read_at = Instant::now() + self.kind.pace.read_every;
            }
        }
    }

    async fn idle_until(&mut self, end: Instant) -> Result<(), SessionError> {
        tokio::select! {
            ended = self.idle() => ended,
            () = sleep_until(end) => Ok(()),
        }
    }
}
