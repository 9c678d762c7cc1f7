//! The listening sockets of the server, and the routes served on them.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use hsc_config::{ServerSettings, Settings};
use log::{info, warn};
use tokio::net::TcpSocket;

use crate::http::{self, Capacity, Certificate, Connections, Deadlines, Listener};
use crate::start_error::StartError;

/// Connections in the system's queue until they are accepted: a restarted pod gets
/// all of its clients at once.
const BACKLOG: u32 = 4_096;
/// Connections beyond the limit that are accepted to be refused with a reason.
const BEING_JUDGED: usize = 64;
/// How much longer the system tries to send than the table of connections waits, so that a close is counted.
const AFTER_THE_TABLE: Duration = Duration::from_secs(5);

/// The listening sockets.
pub(crate) struct Listeners {
    public: TcpListener,
    operations: Option<TcpListener>,
    /// Address for visitors.
    pub(crate) address: SocketAddr,
    /// Address for health and metrics, if the settings have a separate one.
    pub(crate) operations_address: Option<SocketAddr>,
}

impl Listeners {
    /// Binds the configured addresses.
    pub(crate) fn open(settings: &ServerSettings) -> Result<Self, StartError> {
        let public = listen(settings)?;
        let operations = operations(&settings.operations_listen)?;
        let address = public.local_addr()?;
        let operations_address = operations.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok(Self { public, operations, address, operations_address })
    }

    /// Serves the routes on both listeners.
    pub(crate) fn serve(
        self,
        settings: &Settings,
        certificate: Option<Arc<Certificate>>,
        parts: &web::Data<http::Dependencies>,
    ) -> Result<actix_server::Server, StartError> {
        let server = &settings.server;
        // As many as the system allows: each client takes one.
        let descriptors = rlimit::increase_nofile_limit(u64::MAX)?;
        let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
        let capacity = Capacity::new(server, descriptors);
        let sessions = settings.sessions.max;
        info!(descriptors, connections = capacity.general, reserved = capacity.reserved; "limit of open connections");
        if capacity.general < sessions {
            warn!(connections = capacity.general, sessions; "fewer connections may be open than sessions.max says; \
                raise the limit of file descriptors (ulimit -n) or server.max_connections");
        }
        let deadlines = Deadlines {
            header: Duration::from_millis(server.header_timeout_ms),
            idle: Duration::from_millis(server.keep_alive_ms),
            write: Duration::from_millis(server.write_timeout_ms),
        };
        let workers = match server.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from),
            chosen => chosen,
        };
        // The table of connections decides which are served. Up to this number all are accepted, to be decided there.
        let accepted = capacity.general + capacity.reserved + Capacity::OPERATIONS.general;
        let builder = actix_server::Server::build()
            .disable_signals()
            .workers(workers)
            .max_concurrent_connections((accepted + BEING_JUDGED).div_ceil(workers))
            // Sessions have ended by then; this is for a slow download.
            .shutdown_timeout(5);
        let trusted_proxies = http::TrustedProxies::new(&server.trusted_proxies);
        let public = Listener {
            connections: Connections::new(capacity, deadlines),
            trusted_proxies,
            proxy_protocol: server.proxy_protocol,
            certificate,
            metrics: Arc::clone(&parts.metrics),
        };
        let routes = parts.clone();
        let builder = public.serve(builder, self.public, move || http::routes(routes.clone()))?;
        let Some(operations) = self.operations else { return Ok(builder.run()) };
        let private = Listener {
            connections: Connections::new(Capacity::OPERATIONS, deadlines),
            trusted_proxies: http::TrustedProxies::default(),
            proxy_protocol: false,
            certificate: None,
            metrics: Arc::clone(&parts.metrics),
        };
        let routes = parts.clone();
        let routes = move || http::operations_routes(routes.clone());
        Ok(private.serve(builder, operations, routes)?.run())
    }
}

/// Binds the operations address, if the settings have one.
fn operations(address: &str) -> Result<Option<TcpListener>, StartError> {
    let Ok(address) = address.parse::<SocketAddr>() else { return Ok(None) };
    let listener = bind(address).map_err(|cause| StartError::NoOperations { address, cause })?;
    Ok(Some(listener))
}

fn listen(settings: &ServerSettings) -> Result<TcpListener, StartError> {
    let (host, port) = (settings.host.as_str(), settings.port);
    let cannot = |cause| StartError::CannotListen { host: host.to_owned(), port, cause };
    let address = (host, port)
        .to_socket_addrs()
        .and_then(|mut found| {
            found.next().ok_or_else(|| std::io::Error::other("the name has no address"))
        })
        .map_err(cannot)?;
    let bound = || {
        let listener = bind(address)?;
        // Inherited by connections. Without it the system would try for minutes to send the rest of a closed
        // connection.
        let given_up = Duration::from_millis(settings.write_timeout_ms) + AFTER_THE_TABLE;
        socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(given_up))?;
        Ok(listener)
    };
    bound().map_err(|cause: std::io::Error| match cause.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortInUse { address },
        _ => cannot(cause),
    })
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Else a restart would wait a minute for the sockets of the last run.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
