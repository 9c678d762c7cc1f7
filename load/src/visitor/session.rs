//! A visitor's socket and the state of its conversation: request ids, the last offset.

use std::sync::Arc;
use std::time::Duration;

use hsc_conversation::protocol::{ClientSays, Hello, Resume};
use tokio::time::Instant;

use crate::client::{Client, ReceivedMessage, SocketError};
use crate::plan::Crowd;
use crate::tally::{Count, Operation, Tally};

/// Why a scenario ends early.
pub(super) enum SessionError {
    /// No socket could be opened.
    Refused(SocketError),
    /// The socket was lost.
    Lost(SocketError),
    /// No reply in time.
    Timeout,
}

impl From<SocketError> for SessionError {
    fn from(lost: SocketError) -> Self {
        Self::Lost(lost)
    }
}

/// A conversation, and how far the visitor has got in it.
#[derive(Clone, Default)]
struct Position {
    conversation: String,
    token: String,
    offset: Option<u64>,
    last_id: u64,
}

/// A conversation whose socket was lost.
pub(super) struct LostSession {
    position: Position,
    since: Instant,
}

/// An open socket and its conversation.
pub(super) struct Session {
    client: Client,
    crowd: Arc<Crowd>,
    position: Position,
    /// The server's retry delay, if it sent one.
    pub(super) come_back_after: Option<Duration>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.crowd.tally(Tally::closed);
    }
}

impl Session {
    /// Connects and sends `hello`, which resumes the conversation of a lost socket. The latency of a connection counts
    /// from `intended`, when the visitor was due, that of a resume from the loss. `number` selects the server: the next
    /// one, if there are several.
    pub(super) async fn open(
        crowd: &Arc<Crowd>,
        number: usize,
        intended: Instant,
        narrow: bool,
        lost: Option<&LostSession>,
    ) -> Result<Self, SessionError> {
        let target = &crowd.targets[number % crowd.targets.len()];
        let source = crowd.source(number);
        let opened = tokio::time::timeout(crowd.plan.timeout, target.open(source, narrow)).await;
        let client = opened.map_err(|_| SessionError::Timeout)?.map_err(SessionError::Refused)?;
        crowd.tally(Tally::opened);
        let position = lost.map(|lost| lost.position.clone()).unwrap_or_default();
        let mut session =
            Self { client, crowd: Arc::clone(crowd), position, come_back_after: None };
        match lost {
            None => {
                crowd.tally(|tally| tally.took(Operation::Connect, intended.elapsed()));
                session.greet(None, Operation::Hello, Instant::now()).await?;
            }
            Some(LostSession { position, since }) => {
                let Position { conversation, token, offset, .. } = position.clone();
                let resume = Resume { conversation, token, after: offset.unwrap_or(0) };
                session.greet(Some(resume), Operation::Resume, *since).await?;
            }
        }
        Ok(session)
    }

    /// What is needed to resume the conversation on another socket; none without a `welcome`.
    pub(super) fn lost(mut self, since: Instant) -> Option<LostSession> {
        let position = std::mem::take(&mut self.position);
        (!position.token.is_empty()).then_some(LostSession { position, since })
    }

    async fn greet(
        &mut self,
        resume: Option<Resume>,
        operation: Operation,
        since: Instant,
    ) -> Result<(), SessionError> {
        let resumes = resume.is_some();
        let hello = Hello { compact: self.crowd.plan.compact, resume, ..Hello::default() };
        self.say(&ClientSays::Hello(hello)).await?;
        let welcome = self.receive_until(|message| message.kind == "welcome").await?;
        self.crowd.tally(|tally| {
            tally.took(operation, since.elapsed());
            if resumes && welcome.recovered != Some(true) {
                tally.count(Count::NotRecovered);
            }
        });
        if welcome.recovered != Some(true) {
            // A new history begins; its offsets are unrelated to the previous ones.
            self.position.offset = None;
        }
        self.position.conversation = welcome.conversation.unwrap_or_default();
        self.position.token = welcome.token.unwrap_or_default();
        Ok(())
    }

    /// Sends a message and returns its request id.
    pub(super) async fn say(&mut self, message: &ClientSays) -> Result<u64, SessionError> {
        self.position.last_id += 1;
        let id = self.position.last_id;
        self.say_again(message, id).await?;
        Ok(id)
    }

    /// Sends a message under an id that it had on a lost socket: the server handles it once.
    pub(super) async fn say_again(
        &mut self,
        message: &ClientSays,
        id: u64,
    ) -> Result<(), SessionError> {
        let sending = tokio::time::timeout(self.crowd.plan.timeout, self.client.say(message, id));
        Ok(sending.await.map_err(|_| SessionError::Timeout)??)
    }

    /// The next message, without a time limit. Cancel safe.
    pub(super) async fn receive(&mut self) -> Result<ReceivedMessage, SessionError> {
        let message = self.client.receive().await?;
        let gap = match (message.kind.as_str(), self.position.offset, message.offset) {
            // The offset of a welcome is that of the conversation, not of an entry.
            ("welcome", ..) | (_, _, None) => false,
            (_, last, Some(offset)) => {
                self.position.offset = Some(offset);
                last.is_some_and(|last| last + 1 != offset)
            }
        };
        if message.kind == "reconnect" {
            self.come_back_after = message.after_ms.map(Duration::from_millis);
        }
        self.crowd.tally(|tally| {
            tally.read(message.bytes);
            if gap {
                tally.count(Count::Gaps);
            }
            if message.kind == "error" {
                tally.count(Count::Errors);
            }
        });
        Ok(message)
    }

    /// The first message that satisfies `matches`, within the time limit.
    pub(super) async fn receive_until(
        &mut self,
        matches: impl Fn(&ReceivedMessage) -> bool,
    ) -> Result<ReceivedMessage, SessionError> {
        let within = self.crowd.plan.timeout;
        let found = async {
            loop {
                let message = self.receive().await?;
                if matches(&message) {
                    return Ok(message);
                }
            }
        };
        tokio::time::timeout(within, found).await.map_err(|_| SessionError::Timeout)?
    }

    pub(super) async fn close(mut self) {
        self.client.close().await;
    }
}
