//! The connection to Redis that everything but pub/sub shares.
//!
//! Owns   one multiplexed connection, made anew for as long as it takes.
//! Never  makes anybody wait for a Redis that is known to be away: that fails at once.

use std::sync::Arc;
use std::time::Duration;

use hsc_config::RedisSettings;
use log::{info, warn};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError};
use tokio::sync::watch;

/// Pause between two tries to connect, the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How often a connection is asked whether it lives.
const PULSE: Duration = Duration::from_millis(500);

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
    connection: watch::Receiver<Option<MultiplexedConnection>>,
    timeout: Duration,
    prefix: Arc<str>,
}

impl Link {
    /// Connects in the background, now and whenever the connection is lost; never waits.
    ///
    /// # Errors
    /// When the address in the settings is none that Redis knows.
    pub fn connect(settings: &RedisSettings) -> Result<Self, LinkError> {
        let client = Client::open(settings.url.reveal().unwrap_or_default())?;
        let timeout = Duration::from_millis(500);
        let (tell, connection) = watch::channel(None);
        tokio::spawn(keep(client, timeout, tell));
        Ok(Self { connection, timeout, prefix: "hsc".into() })
    }

    /// True while Redis answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.connection.borrow().is_some()
    }

    /// Waits until Redis answers, for good if it never does.
    pub async fn up(&self) {
        let _ = self.connection.clone().wait_for(Option::is_some).await;
    }

    /// What every key and channel of ours begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Does something with the connection, within the time of the settings. Fails at once while Redis
    /// is away.
    ///
    /// # Errors
    /// [`LinkError`], which says whether it may have been done.
    pub async fn run<T, F>(
        &self,
        what: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, LinkError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = self.connection.borrow().clone().ok_or(LinkError::Down)?;
        match tokio::time::timeout(self.timeout, what(connection)).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(LinkError::TimedOut(self.timeout)),
        }
    }

    /// One command.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub async fn command<T: FromRedisValue>(&self, command: redis::Cmd) -> Result<T, LinkError> {
        self.run(|mut connection| async move { command.query_async(&mut connection).await }).await
    }
}

/// Connects, watches, connects again, until nobody holds the link.
async fn keep(
    client: Client,
    timeout: Duration,
    tell: watch::Sender<Option<MultiplexedConnection>>,
) {
    let mut pause = PAUSES.0;
    while !tell.is_closed() {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        match client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => {
                info!("Redis is connected");
                pause = PAUSES.0;
                tell.send_replace(Some(connection.clone()));
                let why = watch_over(connection, timeout, &tell).await;
                tell.send_replace(None);
                warn!(why:%; "Redis is lost");
            }
            Err(error) => {
                log::debug!(why:% = error; "Redis does not answer");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Ends when the connection does not answer any more, and says why.
async fn watch_over(
    mut connection: MultiplexedConnection,
    timeout: Duration,
    tell: &watch::Sender<Option<MultiplexedConnection>>,
) -> String {
    loop {
        tokio::select! {
            () = tokio::time::sleep(PULSE) => {}
            () = tell.closed() => return "nobody needs it".to_owned(),
        }
        let ping = redis::cmd("PING");
        match tokio::time::timeout(timeout, ping.query_async::<()>(&mut connection)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "no answer in time".to_owned(),
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("is_up", &self.is_up()).finish_non_exhaustive()
    }
}
