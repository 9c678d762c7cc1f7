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

/// A conversation whose socket was lost.
pub(super) struct LostSession {
    conversation: String,
    token: String,
    offset: Option<u64>,
    last_id: u64,
    since: Instant,
}

/// An open socket and its conversation.
pub(super) struct Session {
    client: Client,
    crowd: Arc<Crowd>,
    last_id: u64,
    offset: Option<u64>,
    conversation: String,
    token: String,
    /// The server's retry delay, if it sent one.
    pub(super) come_back_after: Option<Duration>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.crowd.tally(Tally::closed);
    }
}

impl Session {
    /// Connects and sends `hello`, or resumes a lost conversation. The latency of a connection counts from `intended`, when the visitor was due.
    pub(super) async fn open(
        crowd: &Arc<Crowd>,
        number: usize,
        intended: Instant,
        narrow: bool,
    ) -> Result<Self, SessionError> {
        let mut session = Self::connect(crowd, number, narrow).await?;
        crowd.tally(|tally| tally.took(Operation::Connect, intended.elapsed()));
        session.greet(None, Operation::Hello, Instant::now()).await?;
        Ok(session)
    }

    /// What is needed to resume the conversation on another socket; none without a `welcome`.
    pub(super) fn lost(self, since: Instant) -> Option<LostSession> {
        let Self { conversation, token, offset, last_id, .. } = &self;
        (!token.is_empty()).then(|| LostSession {
            conversation: conversation.clone(),
            token: token.clone(),
            offset: *offset,
            last_id: *last_id,
            since,
        })
    }

    async fn connect(
        crowd: &Arc<Crowd>,
        number: usize,
        narrow: bool,
    ) -> Result<Self, SessionError> {
        let target = &crowd.targets[number % crowd.targets.len()];
        let source = crowd.source(number);
        let opened = tokio::time::timeout(crowd.plan.timeout, target.open(source, narrow)).await;
        let client = opened.map_err(|_| SessionError::Timeout)?.map_err(SessionError::Refused)?;
        crowd.tally(Tally::opened);
        Ok(Self {
            client,
            crowd: Arc::clone(crowd),
            last_id: 0,
            offset: None,
            conversation: String::new(),
            token: String::new(),
            come_back_after: None,
        })
    }

    /// Resumes a conversation on another socket; its latency counts from the loss of the former.
    /// `number` selects the server: the next one, if there are several.
    pub(super) async fn resume(
        crowd: &Arc<Crowd>,
        number: usize,
        narrow: bool,
        lost: &LostSession,
    ) -> Result<Self, SessionError> {
        let resume = Resume {
            conversation: lost.conversation.clone(),
            token: lost.token.clone(),
            after: lost.offset.unwrap_or(0),
        };
        let mut session = Self::connect(crowd, number, narrow).await?;
        (session.offset, session.last_id) = (lost.offset, lost.last_id);
        session.greet(Some(resume), Operation::Resume, lost.since).await?;
        Ok(session)
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
            self.offset = None;
        }
        self.conversation = welcome.conversation.unwrap_or_default();
        self.token = welcome.token.unwrap_or_default();
        Ok(())
    }

    /// Sends a message and returns its request id.
    pub(super) async fn say(&mut self, message: &ClientSays) -> Result<u64, SessionError> {
        self.last_id += 1;
        self.say_again(message, self.last_id).await?;
        Ok(self.last_id)
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
        let gap = match (message.kind.as_str(), self.offset, message.offset) {
            // The offset of a welcome is that of the conversation, not of an entry.
            ("welcome", ..) | (_, _, None) => false,
            (_, last, Some(offset)) => {
                self.offset = Some(offset);
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
