//! The two databases: which one it is, how a connection is set up, where a file of SQLite is.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use sqlx::{AnyConnection, Executor as _};
use url::Url;

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Settings of a new connection.
pub(super) async fn set_up(kind: Kind, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    if kind == Kind::Sqlite {
        for pragma in PRAGMAS {
            connection.execute(*pragma).await?;
        }
    }
    Ok(())
}

/// Creates the file if it is missing, and restricts it to its owner (0600). SQLite gives its log (`-wal`,
/// `-shm`) the mode of the file. Missing folders are created with 0700; an existing one is not changed, as
/// other users may need it.
pub(super) fn make_private(file: &Path) -> std::io::Result<()> {
    make_private_folder(file)?;
    let mut options = std::fs::OpenOptions::new();
    let opened = options.create(true).append(true).mode(0o600).open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Creates the missing folders above a file, private to their owner.
pub(super) fn make_private_folder(file: &Path) -> std::io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Settings of every SQLite connection.
const PRAGMAS: &[&str] = &[
    // Readers do not wait for the writer.
    "PRAGMA journal_mode = WAL",
    // A commit survives the process; after a power failure the last ones may be lost, as are the queued records.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA busy_timeout = 5000",
    // Deleted data is overwritten.
    "PRAGMA secure_delete = ON",
];

/// The URL of a file. `mode` is `rwc` (created if missing) or `ro`.
pub(super) fn url_of(file: &Path, mode: &str) -> Url {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut url = Url::from_file_path(file).expect("an absolute path has an address");
    // The library cannot change the scheme `file:` to `sqlite:`, so the text is changed.
    url.set_query(Some(&format!("mode={mode}")));
    let text = url.as_str().replacen("file:", "sqlite:", 1);
    text.parse().expect("an address stays one under another scheme")
}
