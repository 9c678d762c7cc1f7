//! The connection to Redis that everything but pub/sub shares.
//!
//! Owns      one multiplexed connection, made anew for as long as it takes.
//! Never     makes anybody wait for a Redis that is known to be away: that fails at once.
//!
//! Twice a second Redis is asked to write a key of ours, because one that answers `PING` may yet take
//! no writes. One that takes none stays connected for reading and says so; one that does not answer,
//! or let several commands in a row wait too long, counts as away until a new connection answers in time.

use std::sync::Arc;
use std::time::Duration;

use hsc_actors::ports::RedisStatus;
use hsc_config::RedisSettings;
use log::{info, warn};
use redis::{Cmd, FromRedisValue, RedisError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::address::InvalidAddress;
use super::breaker::{Breaker, refuses_writes};
use super::connection::Connection;
use super::pause::Pause;
use super::target::Target;

/// How often a connection is asked whether it lives.
const PULSE: Duration = Duration::from_millis(500);
/// How long the key of the pulse is kept: it is there to be written, not to be read.
const PULSE_TTL_MS: u64 = 10_000;
/// How long a Redis may refuse writes before it is looked for anew: behind the same name, or the same
/// Sentinels, there may be another one by now.
const REFUSES_MOST: Duration = Duration::from_secs(5);

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It is known to be away; nothing was sent.
    #[error("Redis is not connected")]
    Down,
    /// It did not answer in time; whether it did what was asked is unknown.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// It answered with an error, or the connection broke.
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
}

/// The shared connection. Cheap to clone.
#[derive(Clone)]
pub struct Link {
    connection: watch::Receiver<Option<Connection>>,
    shared: Arc<Shared>,
    timeout: Duration,
    prefix: Arc<str>,
}

/// What those who use the connection share with the one who keeps it.
#[derive(Default)]
struct Shared {
    breaker: Breaker,
    tripped: Notify,
    refuses: watch::Sender<Option<&'static str>>,
}

impl Link {
    /// Connects in the background, now and whenever the connection is lost; never waits.
    ///
    /// # Errors
    /// When the address in the settings is none. Whether somebody is there is not looked at.
    pub fn connect(settings: &RedisSettings) -> Result<Self, InvalidAddress> {
        let target = Target::new(settings)?;
        let (timeout, prefix) = (target.timeout(), Arc::from(settings.prefix.as_str()));
        let (tell, connection) = watch::channel(None);
        let shared = Arc::<Shared>::default();
        let key = format!("{prefix}:pulse:{:08x}", rand::random::<u32>());
        let keeper = LinkWatcher { target, key, shared: Arc::clone(&shared), tell };
        tokio::spawn(keeper.keep());
        Ok(Self { connection, shared, timeout, prefix })
    }

    /// Waits until Redis answers, for good if it never does.
    pub async fn up(&self) {
        let is_up = self.connection.clone().wait_for(Option::is_some).await.is_ok();
        if !is_up {
            std::future::pending::<()>().await;
        }
    }

    /// What every key and channel of ours begins with, without the colon after it.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name in Redis of one of our channels (`hsc_actors::bridge::channels`).
    #[must_use]
    pub fn channel(&self, name: &str) -> String {
        super::relay::channel(&self.prefix, name)
    }

    /// Does something with the connection, within the time of the settings. Fails at once while Redis
    /// is away.
    ///
    /// # Errors
    /// [`LinkError`], which says whether it may have been done.
    pub async fn run<T, F>(&self, what: impl FnOnce(Connection) -> F) -> Result<T, LinkError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = self.connection.borrow().clone().ok_or(LinkError::Down)?;
        let outcome = tokio::time::timeout(self.timeout, what(connection)).await;
        let slow = match &outcome {
            Ok(Ok(_)) => false,
            Ok(Err(error)) => error.is_timeout(),
            Err(_) => true,
        };
        if !slow {
            self.shared.breaker.answered();
        } else if self.shared.breaker.timed_out() {
            self.shared.tripped.notify_one();
        }
        match outcome {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) if slow => Err(LinkError::TimedOut(self.timeout)),
            Ok(Err(error)) => Err(self.shared.noticed(error).into()),
            Err(_) => unreachable!("a time-out is slow"),
        }
    }

    /// One command.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub async fn command<T: FromRedisValue>(&self, command: Cmd) -> Result<T, LinkError> {
        self.run(|mut connection| async move { command.query_async(&mut connection).await }).await
    }
}

impl RedisStatus for Link {
    fn is_up(&self) -> bool {
        self.connection.borrow().is_some()
    }

    fn refuses_writes(&self) -> Option<&'static str> {
        *self.shared.refuses.borrow()
    }
}

impl Shared {
    /// An error that says that Redis takes no writes is noticed at once, not with the next pulse.
    fn noticed(&self, error: RedisError) -> RedisError {
        // Not that a command of ours is forbidden: only the pulse shows that none may write.
        if let Some(why) = refuses_writes(&error).filter(|_| error.code() != Some("NOPERM")) {
            self.refuses(Some(why));
        }
        error
    }

    fn refuses(&self, why: Option<&'static str>) {
        let changed = self.refuses.send_if_modified(|now| std::mem::replace(now, why) != why);
        match why {
            Some(why) if changed => warn!(why:%; "Redis takes no writes"),
            None if changed => info!("Redis takes writes again"),
            _ => {}
        }
    }
}

/// Makes connections and watches over them.
struct LinkWatcher {
    target: Target,
    key: String,
    shared: Arc<Shared>,
    tell: watch::Sender<Option<Connection>>,
}

/// What a connection said when it was asked to write.
enum Pulse {
    Writes,
    Refuses(&'static str),
}

impl LinkWatcher {
    /// Connects, watches, connects again, until nobody holds the link.
    async fn keep(self) {
        let mut pause = Pause::default();
        while !self.tell.is_closed() {
            match self.connected().await {
                Ok(connection) => {
                    info!("Redis is connected");
                    let since = Instant::now();
                    self.tell.send_replace(Some(connection.clone()));
                    let why = self.watch_over(connection).await;
                    self.tell.send_replace(None);
                    warn!(why:%; "Redis is lost");
                    pause.after(since.elapsed());
                }
                Err(error) => log::debug!(why:% = error; "Redis does not answer"),
            }
            tokio::select! {
                () = pause.wait() => {}
                () = self.tell.closed() => {}
            }
        }
    }

    /// A connection that answered in time.
    async fn connected(&self) -> Result<Connection, RedisError> {
        let mut connection = self.target.connect().await?;
        self.shared.breaker.answered();
        let pulse = self.pulse(&mut connection).await?;
        self.take(pulse);
        Ok(connection)
    }

    /// Ends when the connection does not answer any more, and says why.
    async fn watch_over(&self, mut connection: Connection) -> String {
        let mut refused_since = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(PULSE) => {}
                () = self.shared.tripped.notified() => {
                    // A trip that is older than this connection is none of its.
                    if self.shared.breaker.is_open() {
                        return "several commands in a row were not answered in time".to_owned();
                    }
                }
                () = self.tell.closed() => return "nobody needs it".to_owned(),
            }
            let pulse = match self.pulse(&mut connection).await {
                Ok(pulse) => pulse,
                Err(error) if error.is_timeout() => return "no answer in time".to_owned(),
                Err(error) => return error.to_string(),
            };
            match pulse {
                Pulse::Writes => refused_since = None,
                Pulse::Refuses(why) => {
                    let since = *refused_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > REFUSES_MOST {
                        return format!("{why}, perhaps there is another one by now");
                    }
                }
            }
            self.take(pulse);
        }
    }

    async fn pulse(&self, connection: &mut Connection) -> Result<Pulse, RedisError> {
        let slow = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let mut set = redis::cmd("SET");
        set.arg(&self.key).arg(1).arg("PX").arg(PULSE_TTL_MS);
        let answer = set.query_async::<()>(connection);
        match tokio::time::timeout(self.target.timeout(), answer).await.map_err(slow)? {
            Ok(()) => Ok(Pulse::Writes),
            Err(error) => refuses_writes(&error).map(Pulse::Refuses).ok_or(error),
        }
    }

    fn take(&self, pulse: Pulse) {
        self.shared.refuses(match pulse {
            Pulse::Writes => None,
            Pulse::Refuses(why) => Some(why),
        });
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("is_up", &self.is_up()).finish_non_exhaustive()
    }
}
