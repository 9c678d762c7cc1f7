//! Errors of the start, with their remedies.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::archive::NoArchive;
use crate::http;
use crate::manuals::LoadError;
use crate::pods::InvalidAddress;
use crate::uploads::NoFolder;

/// Why the server did not start. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error(
        "{address} is in use by another program; stop it, or choose another port: HSC__SERVER__PORT={} hsc serve", address.port().wrapping_add(1))]
    PortInUse {
        /// Address and port.
        address: SocketAddr,
    },
    /// The system refuses to listen there.
    #[error("cannot listen on {host}:{port}: {cause}; server.host and server.port set the address")]
    CannotListen {
        /// The configured host.
        host: String,
        /// The configured port.
        port: u16,
        /// The error of the system.
        cause: std::io::Error,
    },
    /// The system refuses to listen on the operations address.
    #[error("cannot listen on {address}: {cause}; server.operations_listen sets the address")]
    NoOperations {
        /// Address and port.
        address: SocketAddr,
        /// The error of the system.
        cause: std::io::Error,
    },
    /// The configured certificate cannot be used.
    #[error(transparent)]
    NoCertificate(#[from] http::InvalidCertificate),
    /// The configured answerer cannot be created.
    #[error(transparent)]
    NoAnswerer(#[from] crate::answers::NoAnswerer),
    /// The catalog folder cannot be read.
    #[error("cannot read the catalog folder {}: {cause}; catalog.dir names it", dir.display())]
    NoCatalog {
        /// Path of the folder.
        dir: PathBuf,
        /// The error of the system.
        cause: std::io::Error,
    },
    /// The loader of manuals cannot be created.
    #[error("cannot load manuals: {0}; manuals.cache_dir names the folder for them")]
    NoManuals(#[from] LoadError),
    /// Traces cannot be exported.
    #[error("cannot export traces: {0}; traces.endpoint names the collector")]
    NoTraces(#[source] hsc_conversation::BoxError),
    /// The address of Redis is invalid. A Redis that is down does not prevent the start.
    #[error(transparent)]
    NoRedis(#[from] InvalidAddress),
    /// The certificates for requests to other hosts are invalid.
    #[error(transparent)]
    NoOutbound(#[from] crate::outbound::InvalidCaFile),
    /// The opening hours are invalid.
    #[error(transparent)]
    NoHours(#[from] hsc_actors::InvalidHours),
    /// A key of visitor tokens is invalid.
    #[error(transparent)]
    NoVisitors(#[from] crate::identity::InvalidKey),
    /// The folder for pictures cannot be created.
    #[error(transparent)]
    NoUploads(#[from] NoFolder),
    /// The configured archive cannot be created. One that is down does not prevent the start.
    #[error(transparent)]
    NoArchive(#[from] NoArchive),
    /// The archive was written by a newer release, and this one cannot use it.
    #[error(transparent)]
    IncompatibleArchive(#[from] crate::archive::IncompatibleSchema),
    /// The configured OpenID Connect provider is invalid.
    #[error(transparent)]
    NoProvider(#[from] crate::identity::NoProvider),
    /// A configured webhook endpoint is invalid.
    #[error(transparent)]
    NoEndpoint(#[from] crate::webhooks::NoEndpoint),
    /// Another error of the system.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}
