//! Why the server did not start, and what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::archive::NoArchive;
use crate::http;
use crate::manuals::LoadError;
use crate::pods::InvalidAddress;
use crate::uploads::NoFolder;

/// Why the server did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "{address} is in use by another program; stop it, or choose another port: HSC__SERVER__PORT={} hsc serve", address.port().wrapping_add(1))]
    PortInUse {
        /// Address and port.
        address: SocketAddr,
    },
    /// The system does not let us listen there.
    #[error("cannot listen on {host}:{port}: {cause}; server.host and server.port set the address")]
    CannotListen {
        /// The host of the settings.
        host: String,
        /// The port of the settings.
        port: u16,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The system does not let us listen for operations.
    #[error("cannot listen on {address}: {cause}; server.operations_listen sets the address")]
    NoOperations {
        /// Address and port.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The certificate of the settings cannot be shown.
    #[error(transparent)]
    NoCertificate(#[from] http::InvalidCertificate),
    /// The answerer of the settings cannot be made.
    #[error(transparent)]
    NoAnswerer(crate::answers::NoAnswerer),
    /// The folder of the catalog cannot be read.
    #[error("cannot read the catalog folder {}: {cause}; catalog.dir names it", dir.display())]
    NoCatalog {
        /// Path of the folder.
        dir: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Manuals cannot be loaded here.
    #[error("cannot load manuals: {0}; manuals.cache_dir names the folder for them")]
    NoManuals(#[source] LoadError),
    /// The address of Redis is none. A Redis that is away is no reason not to start.
    #[error(transparent)]
    NoRedis(InvalidAddress),
    /// The opening hours are none.
    #[error(transparent)]
    NoHours(#[from] hsc_actors::InvalidHours),
    /// A key that visitors' tokens are signed with is none.
    #[error(transparent)]
    NoVisitors(crate::identity::InvalidKey),
    /// There is no place for pictures.
    #[error(transparent)]
    NoUploads(#[from] NoFolder),
    /// The archive of the settings cannot be made. One that is away is no reason not to start.
    #[error(transparent)]
    NoArchive(NoArchive),
    /// The provider at which the team is to sign in cannot be one.
    #[error(transparent)]
    NoProvider(crate::identity::NoProvider),
    /// An endpoint of webhooks cannot be one.
    #[error(transparent)]
    NoEndpoint(#[from] crate::webhooks::NoEndpoint),
    /// The server itself did not start.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
}
