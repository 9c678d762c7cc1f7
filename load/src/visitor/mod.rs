//! One visitor: connects, runs its scenario, reconnects after a loss, and leaves.
//!
//! A visitor assigns no blame: it reports what it waited for and since when,
//! and how it ended.

mod acts;
mod session;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::Instant;

use super::mix::{Kind, Scenario};
use super::plan::Crowd;
use super::tally::Count;
use hsc_conversation::protocol::Ask;
use session::{LostSession, Session, SessionError};

/// Longest pause before the first reconnection. The pause is a random part of it, and doubles with each failed
/// attempt: a server that refuses must not be flooded, and all visitors of a pod that died come at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause before a reconnection.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

pub(super) struct Visitor {
    number: usize,
    kind: Kind,
    crowd: Arc<Crowd>,
    random: StdRng,
    session: Option<Session>,
    /// The conversation of the lost socket.
    lost: Option<LostSession>,
    /// The question without an answer, with its id.
    unanswered: Option<(u64, Ask)>,
    /// Connections in a row that failed.
    failures: u32,
    /// Connections so far: each goes to the next server, if there are several.
    connections: usize,
}

impl Visitor {
    pub(super) fn new(number: usize, crowd: Arc<Crowd>) -> Self {
        let kind = *crowd.plan.mix.kind(number);
        let random = StdRng::seed_from_u64(crowd.plan.seed.wrapping_add(number as u64));
        Self {
            number,
            kind,
            crowd,
            random,
            session: None,
            lost: None,
            unanswered: None,
            failures: 0,
            connections: 0,
        }
    }

    /// Runs the scenario until `leave` completes, then closes the socket.
    pub(super) async fn visit(mut self, intended: Instant, leave: impl Future<Output = ()>) {
        tokio::select! {
            () = leave => {}
            () = self.stay(intended) => {}
        }
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Runs the scenario, again after every loss.
    async fn stay(&mut self, mut intended: Instant) {
        loop {
            let Err(error) = self.play(intended).await else { return };
            let after = self.pause_after(&error);
            if let Some(session) = self.session.take() {
                self.lost = session.lost(Instant::now());
            }
            intended = Instant::now() + after;
            tokio::time::sleep_until(intended).await;
        }
    }

    async fn play(&mut self, intended: Instant) -> Result<(), SessionError> {
        self.open(intended).await?;
        self.failures = 0;
        match self.kind.scenario {
            Scenario::Idle => self.idle().await,
            Scenario::Typing => self.type_names().await,
            Scenario::Ask => self.ask_on().await,
            Scenario::ResumeStorm => self.weather_storms().await,
            Scenario::SlowReader => self.read_slowly().await,
        }
    }

    async fn open(&mut self, intended: Instant) -> Result<(), SessionError> {
        let narrow = self.kind.scenario == Scenario::SlowReader;
        let number = self.number + self.connections;
        self.connections += 1;
        let lost = self.lost.as_ref();
        let session = Session::open(&self.crowd, number, intended, narrow, lost).await?;
        (self.lost, self.session) = (None, Some(session));
        Ok(())
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().expect("a scenario is played on an open socket")
    }

    /// Counts an error, and returns the pause before the reconnection.
    fn pause_after(&mut self, error: &SessionError) -> Duration {
        let slow = self.kind.scenario == Scenario::SlowReader;
        let retry_after = self.session.as_ref().and_then(|session| session.come_back_after);
        self.crowd.tally(|tally| match error {
            SessionError::Refused(why) => {
                tally.count(Count::Refused);
                tally.because(format!("refused: {why}"));
            }
            // The protocol promises close code 1008 to a client that does not read; after all the unread data
            // it may never see the frame.
            SessionError::Lost(why) if slow => {
                tally.count(Count::ClosedSlow);
                tally.because(format!("slow reader: {why}"));
            }
            SessionError::Lost(_) if retry_after.is_some() => tally.count(Count::Moved),
            SessionError::Lost(why) => {
                tally.count(Count::Dropped);
                tally.because(format!("dropped: {why}"));
            }
            SessionError::Timeout => tally.count(Count::Timeouts),
        });
        let most = FIRST_PAUSE.saturating_mul(1 << self.failures.min(8)).min(LONGEST_PAUSE);
        self.failures += 1;
        retry_after.unwrap_or_else(|| most.mul_f64(self.random.random_range(0.5..1.0)))
    }
}
