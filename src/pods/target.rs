//! How a connection is made, for every form of the address, and the pause before the next attempt.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hsc_config::RedisSettings;
use redis::aio::{AsyncPushSender, ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, Pipeline, ProtocolVersion,
    RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};

use super::address::{Address, InvalidAddress};

/// Connecting takes several replies in sequence: of the Sentinels, TLS, the greeting. Its time limit
/// is this many times that of a command.
const ANSWERS_TO_CONNECT: u32 = 4;
/// The first pause. Short, because the pod is cut off from the others meanwhile;
/// not shorter, because every pod of a fleet reconnects.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Lifetime after which a connection counts as good: the next pause is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(5);

/// Doubles with each attempt; a random part of up to half is subtracted, so that pods do not reconnect at once.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pause {
    /// A connection was lost after `lived`.
    pub(super) fn after(&mut self, lived: Duration) {
        if lived >= GOOD_AFTER {
            self.0 = FIRST_PAUSE;
        }
    }

    /// Waits; the next wait is longer.
    pub(super) async fn wait(&mut self) {
        let pause = self.next();
        tokio::time::sleep(pause).await;
    }

    fn next(&mut self) -> Duration {
        let pause = self.0.mul_f64(rand::random_range(0.5..=1.0));
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// A connection for commands, to one Redis or to a Cluster; callers need not know which. Cheap to clone; clones share
/// one connection.
#[derive(Clone)]
pub enum Connection {
    /// To one Redis.
    One(MultiplexedConnection),
    /// To the nodes of a Cluster. The keys of one command must be in one slot: give them a common
    /// part in braces.
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// Connects to the configured Redis. Cheap to clone.
#[derive(Clone)]
pub(super) struct Target {
    address: Arc<Address>,
    authority: Option<TlsCertificates>,
    cluster: Option<ClusterClient>,
    /// Time limit of one command.
    pub(super) timeout: Duration,
    /// Attempts so far: each begins with another Sentinel or node, so that one that hangs does not block.
    tries: Arc<AtomicUsize>,
}

impl Target {
    pub(super) fn new(settings: &RedisSettings) -> Result<Self, InvalidAddress> {
        let address = Address::read(settings.url.reveal().unwrap_or_default())?;
        let authority = match settings.ca_file.as_str() {
            "" => None,
            file if address.is_tls() => Some(authority(file.into())?),
            _ => {
                let wrong = "is not spoken to over TLS although redis.ca_file is set".to_owned();
                return Err(InvalidAddress::Unreadable { wrong });
            }
        };
        if address.is_tls() {
            // A second install is refused and changes nothing.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let timeout = Duration::from_millis(settings.command_timeout_ms);
        let cluster = match &address {
            Address::Cluster(nodes) => Some(cluster(nodes, authority.clone(), timeout)?),
            _ => None,
        };
        let (address, tries) = (Arc::new(address), Arc::default());
        Ok(Self { address, authority, cluster, timeout, tries })
    }

    /// True when the same address may lead to another Redis later: Sentinels depose a master.
    pub(super) fn may_move(&self) -> bool {
        matches!(&*self.address, Address::Sentinel { .. })
    }

    /// A connection for commands.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let connected = async {
            if let Some(cluster) = &self.cluster {
                return Ok(Connection::Cluster(cluster.get_async_connection().await?));
            }
            let client = Client::open(self.node().await?)?;
            let config = self.config();
            client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
        };
        self.in_time(connected).await
    }

    /// A connection of its own for pub/sub, which passes incoming messages to `receive`.
    pub(super) async fn listen(
        &self,
        receive: impl AsyncPushSender,
    ) -> RedisResult<MultiplexedConnection> {
        let connected = async {
            let info = self.node().await?;
            let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            let client = Client::open(info.set_redis_settings(redis))?;
            let config = self.config().set_push_sender(receive);
            client.get_multiplexed_async_connection_with_config(&config).await
        };
        self.in_time(connected).await
    }

    /// One Redis to connect to: the single one, the master, or any node of the Cluster.
    async fn node(&self) -> RedisResult<ConnectionInfo> {
        let tries = self.tries.fetch_add(1, Ordering::Relaxed);
        match &*self.address {
            Address::One(info) => self.trusting(info.clone()),
            Address::Cluster(nodes) => self.trusting(nodes[tries % nodes.len()].clone()),
            Address::Sentinel { sentinels, name, redis, login } => {
                let mut sentinels = sentinels.clone();
                let first = tries % sentinels.len();
                sentinels.rotate_left(first);
                let mut builder =
                    SentinelClientBuilder::new(sentinels, name, SentinelServerType::Master)?
                        .set_client_to_redis_db(redis.db());
                if let Some(user) = redis.username() {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = redis.password() {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(user) = login.username() {
                    builder = builder.set_client_to_sentinel_username(user);
                }
                if let Some(password) = login.password() {
                    builder = builder.set_client_to_sentinel_password(password);
                }
                if self.address.is_tls() {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
                }
                if let Some(authority) = &self.authority {
                    builder = builder
                        .set_client_to_redis_certificates(authority.clone())
                        .set_client_to_sentinel_certificates(authority.clone());
                }
                let client = builder.build()?.async_get_client().await?;
                Ok(client.get_connection_info().clone())
            }
        }
    }

    /// The same, with the certificate authority of the settings.
    fn trusting(&self, info: ConnectionInfo) -> RedisResult<ConnectionInfo> {
        match (&self.authority, info.addr()) {
            (Some(authority), ConnectionAddr::TcpTls { .. }) => {
                let client = Client::build_with_tls(info, authority.clone())?;
                Ok(client.get_connection_info().clone())
            }
            _ => Ok(info),
        }
    }

    fn config(&self) -> AsyncConnectionConfig {
        let within = Some(self.timeout);
        AsyncConnectionConfig::new().set_connection_timeout(within).set_response_timeout(within)
    }

    async fn in_time<T>(&self, connected: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let within = self.timeout * ANSWERS_TO_CONNECT;
        tokio::time::timeout(within, connected).await.map_err(|_| timed_out())?
    }
}

/// The error of a reply that did not come in time.
pub(super) fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

fn authority(file: PathBuf) -> Result<TlsCertificates, InvalidAddress> {
    let no = |cause: String| InvalidAddress::NoAuthority { file: file.clone(), cause };
    let pem = std::fs::read(&file).map_err(|cause| no(cause.to_string()))?;
    let authority = TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) };
    // The Redis client accepts an empty file without an error.
    if !pem.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
        return Err(no("there is no certificate in it".to_owned()));
    }
    Client::build_with_tls("rediss://localhost", authority.clone())
        .map_err(|cause| no(cause.to_string()))?;
    Ok(authority)
}

fn cluster(
    nodes: &[ConnectionInfo],
    authority: Option<TlsCertificates>,
    timeout: Duration,
) -> Result<ClusterClient, InvalidAddress> {
    let mut builder = ClusterClientBuilder::new(nodes.iter().cloned())
        .connection_timeout(timeout)
        .response_timeout(timeout);
    if let Some(authority) = authority {
        builder = builder.certs(authority);
    }
    let unreadable = |error: RedisError| InvalidAddress::Unreadable {
        wrong: format!("cannot be used ({error})"),
    };
    builder.build().map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_maximum_and_resets_after_a_good_connection() {
        let mut pause = Pause::default();
        for _ in 0..20 {
            let next = pause.next();
            assert!(next >= FIRST_PAUSE / 2 && next <= LONGEST_PAUSE, "{next:?}");
        }
        pause.after(Duration::from_secs(1));
        assert!(pause.next() >= LONGEST_PAUSE / 2);
        pause.after(GOOD_AFTER);
        assert!(pause.next() <= FIRST_PAUSE);
    }
}
