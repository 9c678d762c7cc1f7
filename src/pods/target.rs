//! How a connection is made, for every form of the address.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hsc_config::RedisSettings;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ProtocolVersion, RedisError,
    TlsCertificates, TlsMode,
};

use super::address::{Address, InvalidAddress};
use super::connection::Connection;

/// Connecting takes several replies in sequence: of the Sentinels, TLS, the greeting. Its time limit
/// is this many times that of a command.
const ANSWERS_TO_CONNECT: u32 = 4;

/// Connects to the configured Redis. Cheap to clone.
#[derive(Clone)]
pub(super) struct Target {
    address: Arc<Address>,
    authority: Option<TlsCertificates>,
    cluster: Option<ClusterClient>,
    timeout: Duration,
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

    /// Time limit of one command.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// True when the same address may lead to another Redis later: Sentinels depose a master.
    pub(super) fn may_move(&self) -> bool {
        matches!(&*self.address, Address::Sentinel { .. })
    }

    /// A connection for commands.
    pub(super) async fn connect(&self) -> Result<Connection, RedisError> {
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
    ) -> Result<MultiplexedConnection, RedisError> {
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
    async fn node(&self) -> Result<ConnectionInfo, RedisError> {
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
    fn trusting(&self, info: ConnectionInfo) -> Result<ConnectionInfo, RedisError> {
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

    async fn in_time<T>(
        &self,
        connected: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RedisError> {
        let slow = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let within = self.timeout * ANSWERS_TO_CONNECT;
        tokio::time::timeout(within, connected).await.map_err(slow)?
    }
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
