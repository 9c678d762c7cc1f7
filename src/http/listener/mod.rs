//! Connections: accepted, counted, unwrapped (PROXY header, TLS) and handed to the HTTP library.
//!
//! actix-server accepts connections and spreads them over its workers; actix-http speaks HTTP/1 over any stream. This
//! module lies between: it decides which connection is served and closes one that takes too long, in any state of the HTTP
//! library (`connections`), reads the bytes before HTTP (`proxy_protocol`, `tls`), and takes the connection back from
//! the library after a request to upgrade (`upgrade`).
//!
//! Never     speaks HTTP/2: each deadline is one of a connection, so a connection must carry one request at a time.

mod connections;
mod proxy_protocol;
mod tls;
mod upgrade;

pub use connections::{Capacity, Connections, Deadlines, Listener};
pub(super) use connections::{ConnectionState, Phase, RequestGuard, TrackedBody};
pub use tls::{Certificate, InvalidCertificate};
