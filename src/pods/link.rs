//! The connection to Redis that everything but pub/sub shares.
//!
//! Owns      one multiplexed connection, which it reconnects until it succeeds.
//! Never     lets a caller wait for a Redis that is known to be down: the call fails at once.
//!
//! Twice a second a heartbeat writes a key, because a Redis that answers `PING` may still
//! refuse writes. One that refuses writes stays connected for reading and is reported; one that does not reply,
//! or lets several consecutive commands time out, counts as down until a new connection replies in time.

use std::sync::Arc;
use std::time::Duration;

use hsc_actors::ports::RedisStatus;
use hsc_config::RedisSettings;
use log::{info, warn};
use redis::{Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::address::InvalidAddress;
use super::breaker::{Breaker, refuses_login, refuses_writes};
use super::target::{Connection, Pause, Target, timed_out};

/// Interval of the heartbeat.
const PULSE: Duration = Duration::from_millis(500);
/// Lifetime of the heartbeat's key: it is written and never read.
const PULSE_TTL_MS: u64 = 10_000;
/// How long a Redis may refuse writes before a reconnection: the same name, or the same
/// Sentinels, may lead to another server by then.
const REFUSES_MOST: Duration = Duration::from_secs(5);

/// Why a command to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Redis is known to be down; nothing was sent.
    #[error("Redis is not connected")]
    Down,
    /// No reply in time; it is unknown whether the command was executed.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// Redis replied with an error, or the connection broke.
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

/// Shared by the users of the connection and the task that watches it.
#[derive(Default)]
struct Shared {
    breaker: Breaker,
    tripped: Notify,
    refuses: watch::Sender<Option<&'static str>>,
    refuses_login: watch::Sender<Option<&'static str>>,
}

impl Link {
    /// Connects in the background, now and whenever the connection is lost; never waits.
    ///
    /// # Errors
    /// When the address in the settings is invalid. Does not check whether it is reachable.
    pub fn connect(settings: &RedisSettings) -> Result<Self, InvalidAddress> {
        let target = Target::new(settings)?;
        let (timeout, prefix) = (target.timeout, Arc::from(settings.prefix.as_str()));
        let (tell, connection) = watch::channel(None);
        let shared = Arc::<Shared>::default();
        let key = format!("{prefix}:pulse:{:08x}", rand::random::<u32>());
        let keeper = LinkWatcher { target, key, shared: Arc::clone(&shared), tell };
        tokio::spawn(keeper.keep());
        Ok(Self { connection, shared, timeout, prefix })
    }

    /// Waits until Redis replies, possibly forever.
    pub async fn up(&self) {
        let is_up = self.connection.clone().wait_for(Option::is_some).await.is_ok();
        if !is_up {
            std::future::pending::<()>().await;
        }
    }

    /// Prefix of every key and channel, without the colon after it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The name in Redis of a channel (`hsc_actors::bridge::channels`).
    pub fn channel(&self, name: &str) -> String {
        super::relay::channel(&self.prefix, name)
    }

    /// Uses the connection, within the time limit of the settings. Fails at once while Redis is down.
    ///
    /// # Errors
    /// [`LinkError`], which says whether the command may have been executed.
    pub async fn run<T, F>(&self, what: impl FnOnce(Connection) -> F) -> Result<T, LinkError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let connection = self.connection.borrow().clone().ok_or(LinkError::Down)?;
        match tokio::time::timeout(self.timeout, what(connection)).await {
            Ok(Ok(done)) => {
                self.shared.breaker.answered();
                Ok(done)
            }
            Ok(Err(error)) if !error.is_timeout() => {
                self.shared.breaker.answered();
                Err(self.shared.noticed(error).into())
            }
            Ok(Err(_)) | Err(_) => {
                if self.shared.breaker.timed_out() {
                    self.shared.tripped.notify_one();
                }
                Err(LinkError::TimedOut(self.timeout))
            }
        }
    }

    /// Sends one command.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub async fn command<T: FromRedisValue>(&self, command: Cmd) -> Result<T, LinkError> {
        self.run(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    /// Runs one script.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: ScriptInvocation<'_>,
    ) -> Result<T, LinkError> {
        self.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await
    }
}

impl RedisStatus for Link {
    fn is_up(&self) -> bool {
        self.connection.borrow().is_some()
    }

    fn refuses_login(&self) -> Option<&'static str> {
        *self.shared.refuses_login.borrow()
    }

    fn refuses_writes(&self) -> Option<&'static str> {
        *self.shared.refuses.borrow()
    }
}

impl Shared {
    /// Handles an error about refused writes at once, not with the next heartbeat.
    fn noticed(&self, error: RedisError) -> RedisError {
        // Not `NOPERM` of a single command: only the heartbeat shows that no write is permitted.
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

    /// Logs only a change: the pod tries to connect again and again.
    fn login(&self, refused: Option<&'static str>) {
        let login = &self.refuses_login;
        let changed = login.send_if_modified(|now| std::mem::replace(now, refused) != refused);
        if let Some(why) = refused.filter(|_| changed) {
            warn!(why:%; "Redis refuses the login of this pod");
        }
    }
}

/// A time in milliseconds, as an argument of a command. At most a hundred years: Redis adds it to a signed 64-bit time
/// since 1970.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).min(3_155_760_000_000)
}

/// Connects and watches the connection.
struct LinkWatcher {
    target: Target,
    key: String,
    shared: Arc<Shared>,
    tell: watch::Sender<Option<Connection>>,
}

impl LinkWatcher {
    /// Connects, watches and reconnects, until the last link is dropped.
    async fn keep(self) {
        let mut pause = Pause::default();
        while !self.tell.is_closed() {
            match self.connected().await {
                Ok(connection) => {
                    info!("connected to Redis");
                    self.shared.login(None);
                    let since = Instant::now();
                    self.tell.send_replace(Some(connection.clone()));
                    let why = self.watch_over(connection).await;
                    self.tell.send_replace(None);
                    warn!(why:%; "lost the connection to Redis");
                    pause.after(since.elapsed());
                }
                Err(error) => {
                    self.shared.login(refuses_login(&error));
                    log::debug!(why:% = error; "Redis does not answer");
                }
            }
            tokio::select! {
                () = pause.wait() => {}
                () = self.tell.closed() => {}
            }
        }
    }

    /// A connection that replied in time.
    async fn connected(&self) -> RedisResult<Connection> {
        let mut connection = self.target.connect().await?;
        self.shared.breaker.answered();
        let refused = self.pulse(&mut connection).await?;
        self.shared.refuses(refused);
        Ok(connection)
    }

    /// Returns when the connection no longer replies, with the reason.
    async fn watch_over(&self, mut connection: Connection) -> String {
        let mut refused_since = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(PULSE) => {}
                () = self.shared.tripped.notified() => {
                    // Timeouts before this connection do not count.
                    if self.shared.breaker.is_open() {
                        return "several commands in a row were not answered in time".to_owned();
                    }
                }
                () = self.tell.closed() => return "nobody needs it".to_owned(),
            }
            let refused = match self.pulse(&mut connection).await {
                Ok(refused) => refused,
                Err(error) if error.is_timeout() => return "no answer in time".to_owned(),
                Err(error) => return error.to_string(),
            };
            match refused {
                None => refused_since = None,
                Some(why) => {
                    let since = *refused_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > REFUSES_MOST {
                        return format!("{why}, perhaps there is another one by now");
                    }
                }
            }
            self.shared.refuses(refused);
        }
    }

    /// Writes the heartbeat's key. Returns why Redis refuses writes, if it does.
    async fn pulse(&self, connection: &mut Connection) -> RedisResult<Option<&'static str>> {
        let mut set = redis::cmd("SET");
        set.arg(&self.key).arg(1).arg("PX").arg(PULSE_TTL_MS);
        let answer = set.query_async::<()>(connection);
        match tokio::time::timeout(self.target.timeout, answer).await.map_err(|_| timed_out())? {
            Ok(()) => Ok(None),
            Err(error) => refuses_writes(&error).map(Some).ok_or(error),
        }
    }
}
