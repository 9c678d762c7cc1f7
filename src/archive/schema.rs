//! The tables of the archive: their migrations, and which servers can use them.
//!
//! A migration names the oldest server that can use the tables after it, by the newest migration of that server. An
//! older server therefore opens tables with migrations that it does not have, unless one of these excludes it. The
//! table `schema_migrations` lists them. The first releases read `_sqlx_migrations` instead and refuse what they do
//! not find in it: migrations up to [`LAST_OF_FIRST_RELEASES`] are there, and later ones that exclude these releases.
//!
//! Never: a migration that is changed after its release, a lock that outlives its transaction, a wait inside the
//! database for another pod's migration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use ring::digest::{SHA384, digest};
use sqlx::any::{AnyConnectOptions, AnyRow};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Result, Row as _};
use tokio::time::{sleep, timeout};

use super::database::{Kind, make_private, set_up};
use super::sql::{AnyQuery, sql};

/// The last migration of the releases that read `_sqlx_migrations` alone.
const LAST_OF_FIRST_RELEASES: i64 = 4;
/// Lock of PostgreSQL under which one pod migrates: "hsc_arch" in ASCII.
const LOCK: i64 = 0x6873_635f_6172_6368;
/// Pause between two attempts to take the lock. The attempt itself never waits: a wait in the database would
/// outlive a client that has given up.
const LOCK_RETRY: Duration = Duration::from_millis(250);
/// Longest wait for the end of a connection. One that does not end is dropped, and PostgreSQL rolls back.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);
/// While a migration waits for a table, others wait behind it: it gives up and is tried again later. The second
/// setting ends the statement of a pod that was killed; PostgreSQL on some systems does not have it.
const LIMITS: [&str; 2] =
    ["SET LOCAL lock_timeout = '5s'", "SET LOCAL client_connection_check_interval = '1s'"];

/// A step from one version of the tables to the next.
struct SchemaMigration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    /// Newest migration of the oldest server that can use the tables after this one. A migration that only adds
    /// keeps the number of the one before it.
    oldest_server: i64,
}

impl SchemaMigration {
    const fn same(
        version: i64,
        name: &'static str,
        text: &'static str,
        oldest_server: i64,
    ) -> Self {
        Self { version, name, sqlite: text, postgres: text, oldest_server }
    }

    fn text(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Sqlite => self.sqlite,
            Kind::Postgres => self.postgres,
        }
    }

    fn checksum(&self, kind: Kind) -> Vec<u8> {
        digest(&SHA384, self.text(kind).as_bytes()).as_ref().to_vec()
    }
}

/// All migrations, in order. Released ones never change.
const MIGRATIONS: &[SchemaMigration] = &[
    SchemaMigration::same(1, "tables", include_str!("migrations/0001_tables.sql"), 1),
    SchemaMigration {
        version: 2,
        name: "search",
        sqlite: include_str!("migrations/0002_search.sqlite.sql"),
        postgres: include_str!("migrations/0002_search.postgres.sql"),
        oldest_server: 2,
    },
    SchemaMigration::same(3, "visit", include_str!("migrations/0003_visit.sql"), 3),
    SchemaMigration::same(
        4,
        "sign_in_attempts",
        include_str!("migrations/0004_sign_in_attempts.sql"),
        4,
    ),
    SchemaMigration::same(5, "first_links", include_str!("migrations/0005_first_links.sql"), 4),
    SchemaMigration::same(6, "events", include_str!("migrations/0006_events.sql"), 4),
    SchemaMigration {
        version: 7,
        name: "events_erased",
        sqlite: include_str!("migrations/0007_events_erased.sqlite.sql"),
        postgres: include_str!("migrations/0007_events_erased.postgres.sql"),
        oldest_server: 4,
    },
];

/// Why this server cannot use the tables of an archive. The message says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncompatibleSchema {
    /// A migration excludes this server.
    #[error(
        "the archive has schema version {found}, which only servers of schema version {oldest_server} or newer can \
         use, and this one has version {known}; start the newer release, or restore a backup from before the upgrade"
    )]
    TooNew {
        /// The migration.
        found: i64,
        /// Newest migration of the oldest server that can use it.
        oldest_server: i64,
        /// Newest migration of this server.
        known: i64,
    },
    /// A migration is not the one that this server has under its number.
    #[error(
        "migration {version} of the archive is another one than that of this server; start the release that wrote \
         the archive, or restore a backup"
    )]
    Changed {
        /// The migration.
        version: i64,
    },
}

/// Why the tables could not be prepared.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum SchemaError {
    #[error(transparent)]
    Incompatible(#[from] IncompatibleSchema),
    #[error("{0}")]
    Database(String),
    #[error("the file of the archive cannot be created: {0}")]
    File(String),
    #[error("the database did not answer in time")]
    NoConnection,
    #[error("the migrations did not end in time; archive.migration_timeout_ms limits them")]
    Late,
}

impl SchemaError {
    /// The task that prepares the tables ended without an outcome.
    pub(super) fn failed(error: &tokio::task::JoinError) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// A migration in the tables of the archive.
struct AppliedMigration {
    /// In hexadecimal digits.
    checksum: String,
    /// None for a migration that only names itself.
    oldest_server: Option<i64>,
}

/// Brings the tables of one database up to date.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) kind: Kind,
    pub(super) options: AnyConnectOptions,
    /// The file of SQLite.
    pub(super) file: Option<PathBuf>,
    pub(super) connect_within: Duration,
    pub(super) migrate_within: Duration,
}

impl Schema {
    /// Applies the migrations that are missing, all or none, over a connection of its own: whatever ends it, the
    /// database rolls back and releases the lock.
    pub(super) async fn prepare(self) -> Result<(), SchemaError> {
        if let Some(file) = self.file.as_deref() {
            make_private(file).map_err(|cause| SchemaError::File(cause.to_string()))?;
        }
        let connecting = async {
            let mut connection = self.options.connect().await?;
            set_up(self.kind, &mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        let connected = timeout(self.connect_within, connecting).await;
        let mut connection = connected.map_err(|_| SchemaError::NoConnection)??;
        let migrating = timeout(self.migrate_within, migrate(self.kind, &mut connection));
        let done = migrating.await.map_err(|_| SchemaError::Late)?;
        // The outcome is known; a connection that does not close is dropped.
        let _ = timeout(CLOSES_WITHIN, connection.close()).await;
        done
    }
}

async fn migrate(kind: Kind, connection: &mut AnyConnection) -> Result<(), SchemaError> {
    loop {
        // Without the lock: a pod whose tables are up to date never depends on another one.
        if pending(kind, connection).await?.is_empty() {
            return Ok(());
        }
        let mut transaction = match kind {
            Kind::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await?,
            Kind::Postgres => connection.begin().await?,
        };
        if kind == Kind::Postgres {
            let row = query("SELECT pg_try_advisory_xact_lock($1) AS is_ours")
                .bind(LOCK)
                .fetch_one(&mut *transaction)
                .await?;
            if !row.try_get::<bool, _>("is_ours")? {
                transaction.rollback().await?;
                sleep(LOCK_RETRY).await;
                continue;
            }
            for limit in LIMITS {
                let mut attempt = transaction.begin().await?;
                match sqlx::raw_sql(limit).execute(&mut *attempt).await {
                    Ok(_) => attempt.commit().await?,
                    Err(_) => attempt.rollback().await?,
                }
            }
        }
        sqlx::raw_sql(lists(kind)).execute(&mut *transaction).await?;
        // Again: another pod may have migrated since.
        let applied = applied(kind, &mut transaction).await?;
        for migration in missing(MIGRATIONS, &applied, kind)? {
            sqlx::raw_sql(migration.text(kind)).execute(&mut *transaction).await?;
            list(kind, migration, &mut transaction).await?;
        }
        transaction.commit().await?;
        return Ok(());
    }
}

/// Selects the migration by which another server has excluded this one since the tables were prepared. One statement,
/// for every write.
pub(super) fn exclusion() -> AnyQuery {
    sql(
        "SELECT version, oldest_server FROM schema_migrations WHERE oldest_server > $1
         ORDER BY version LIMIT 1",
        &[&newest(MIGRATIONS)],
    )
}

/// The row of [`exclusion`].
pub(super) fn excluded(row: &AnyRow) -> Result<IncompatibleSchema> {
    let (found, oldest_server) = (row.try_get("version")?, row.try_get("oldest_server")?);
    Ok(IncompatibleSchema::TooNew { found, oldest_server, known: newest(MIGRATIONS) })
}

/// The newest migration that a server has.
fn newest(known: &[SchemaMigration]) -> i64 {
    known.last().map_or(0, |migration| migration.version)
}

/// True if there are tables and this server can use them, false if there are none. Changes nothing.
///
/// # Errors
/// [`IncompatibleSchema`], or a fault of the database.
pub(super) async fn is_usable(
    kind: Kind,
    connection: &mut AnyConnection,
) -> Result<bool, SchemaError> {
    let applied = applied(kind, connection).await?;
    missing(MIGRATIONS, &applied, kind)?;
    Ok(!applied.is_empty())
}

/// The migrations that the tables lack. Changes nothing.
async fn pending(
    kind: Kind,
    connection: &mut AnyConnection,
) -> Result<Vec<&'static SchemaMigration>, SchemaError> {
    let mut transaction = connection.begin().await?;
    let applied = applied(kind, &mut transaction).await?;
    transaction.rollback().await?;
    Ok(missing(MIGRATIONS, &applied, kind)?)
}

/// What a server that has the `known` migrations must apply to tables with the `applied` ones.
fn missing<'a>(
    known: &'a [SchemaMigration],
    applied: &BTreeMap<i64, AppliedMigration>,
    kind: Kind,
) -> Result<Vec<&'a SchemaMigration>, IncompatibleSchema> {
    let newest = newest(known);
    for (version, applied) in applied {
        match known.iter().find(|migration| migration.version == *version) {
            Some(migration) if text_of(&migration.checksum(kind)) == applied.checksum => {}
            Some(_) => return Err(IncompatibleSchema::Changed { version: *version }),
            None => {
                let oldest_server = applied.oldest_server.unwrap_or(*version);
                if oldest_server > newest {
                    let found = *version;
                    return Err(IncompatibleSchema::TooNew { found, oldest_server, known: newest });
                }
            }
        }
    }
    Ok(known.iter().filter(|migration| !applied.contains_key(&migration.version)).collect())
}

/// The migrations in the tables of this connection.
async fn applied(
    kind: Kind,
    connection: &mut AnyConnection,
) -> Result<BTreeMap<i64, AppliedMigration>> {
    let mut applied = BTreeMap::new();
    if has_table(kind, "_sqlx_migrations", connection).await? {
        let listed = query("SELECT version, checksum FROM _sqlx_migrations");
        for row in listed.fetch_all(&mut *connection).await? {
            let checksum = text_of(&row.try_get::<Vec<u8>, _>("checksum")?);
            let migration = AppliedMigration { checksum, oldest_server: None };
            applied.insert(row.try_get("version")?, migration);
        }
    }
    if has_table(kind, "schema_migrations", connection).await? {
        let listed = query("SELECT version, checksum, oldest_server FROM schema_migrations");
        for row in listed.fetch_all(&mut *connection).await? {
            let checksum = row.try_get("checksum")?;
            let oldest_server = Some(row.try_get("oldest_server")?);
            let migration = AppliedMigration { checksum, oldest_server };
            applied.insert(row.try_get("version")?, migration);
        }
    }
    Ok(applied)
}

async fn has_table(kind: Kind, name: &str, connection: &mut AnyConnection) -> Result<bool> {
    let text = match kind {
        Kind::Sqlite => {
            "SELECT COUNT(*) AS tables FROM sqlite_master WHERE type = 'table' AND name = $1"
        }
        Kind::Postgres => {
            "SELECT COUNT(*) AS tables FROM pg_class WHERE oid = CAST(to_regclass($1) AS OID)"
        }
    };
    let row = query(text).bind(name.to_owned()).fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>("tables")? > 0)
}

/// The tables that list the migrations. The first one has the form that sqlx gives it.
fn lists(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => concat!(
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                version BIGINT PRIMARY KEY, description TEXT NOT NULL,
                installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);",
            include_str!("migrations/schema_migrations.sql")
        ),
        Kind::Postgres => concat!(
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
                version BIGINT PRIMARY KEY, description TEXT NOT NULL,
                installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
                success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL);",
            include_str!("migrations/schema_migrations.sql")
        ),
    }
}

async fn list(
    kind: Kind,
    migration: &SchemaMigration,
    connection: &mut AnyConnection,
) -> Result<()> {
    let checksum = migration.checksum(kind);
    let is_of_first_releases = migration.version <= LAST_OF_FIRST_RELEASES;
    if is_of_first_releases || migration.oldest_server > LAST_OF_FIRST_RELEASES {
        query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES ($1, $2, TRUE, $3, 0)",
        )
        .bind(migration.version)
        .bind(migration.name)
        .bind(checksum.clone())
        .execute(&mut *connection)
        .await?;
    }
    if !is_of_first_releases {
        let SchemaMigration { version, name, oldest_server, .. } = migration;
        let listed = sql(
            "INSERT INTO schema_migrations (version, name, checksum, oldest_server)
             VALUES ($1, $2, $3, $4)",
            &[version, name, &text_of(&checksum), oldest_server],
        );
        listed.persistent(false).execute(connection).await?;
    }
    Ok(())
}

/// Every statement here is unnamed, as a pooler in transaction mode requires.
fn query(text: &'static str) -> AnyQuery {
    sqlx::query(text).persistent(false)
}

fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(version: i64, oldest_server: i64) -> SchemaMigration {
        SchemaMigration::same(version, "a step", "SELECT 1", oldest_server)
    }

    fn listed(migrations: &[SchemaMigration]) -> BTreeMap<i64, AppliedMigration> {
        let row = |it: &SchemaMigration| {
            let checksum = text_of(&it.checksum(Kind::Sqlite));
            (it.version, AppliedMigration { checksum, oldest_server: Some(it.oldest_server) })
        };
        migrations.iter().map(row).collect()
    }

    fn versions(
        known: &[SchemaMigration],
        applied: &BTreeMap<i64, AppliedMigration>,
    ) -> Result<Vec<i64>, IncompatibleSchema> {
        let missing = missing(known, applied, Kind::Sqlite)?;
        Ok(missing.iter().map(|migration| migration.version).collect())
    }

    #[test]
    fn the_page_about_upgrades_lists_every_migration() {
        let page = include_str!("../../docs/upgrading.md");
        for SchemaMigration { version, name, oldest_server, .. } in MIGRATIONS {
            let row = format!("| {version} | {name} | {oldest_server} |");
            assert!(page.contains(&row), "{row} is missing");
        }
    }

    #[test]
    fn a_server_applies_missing_migrations_and_accepts_newer_ones_that_only_add() {
        let known = [migration(1, 1), migration(2, 1), migration(3, 3)];
        assert_eq!(versions(&known, &BTreeMap::new()), Ok(vec![1, 2, 3]));
        assert_eq!(versions(&known, &listed(&known[..2])), Ok(vec![3]));
        assert_eq!(versions(&known, &listed(&known)), Ok(vec![]));
        let newer = [migration(1, 1), migration(2, 1), migration(3, 3), migration(4, 3)];
        assert_eq!(versions(&known, &listed(&newer)), Ok(vec![]));
        assert_eq!(
            versions(&known[..2], &listed(&newer)),
            Err(IncompatibleSchema::TooNew { found: 3, oldest_server: 3, known: 2 })
        );
    }

    #[test]
    fn a_migration_that_names_no_oldest_server_excludes_every_server_without_it() {
        let known = [migration(1, 1)];
        let mut applied = listed(&known);
        let checksum = text_of(&known[0].checksum(Kind::Sqlite));
        applied.insert(2, AppliedMigration { checksum, oldest_server: None });
        assert_eq!(
            versions(&known, &applied),
            Err(IncompatibleSchema::TooNew { found: 2, oldest_server: 2, known: 1 })
        );
    }

    #[test]
    fn a_migration_with_another_checksum_is_refused() {
        let known = [migration(1, 1)];
        let mut applied = listed(&known);
        for checksum in ["01", "no checksum"].map(str::to_owned) {
            applied.insert(1, AppliedMigration { checksum, oldest_server: Some(1) });
            assert_eq!(versions(&known, &applied), Err(IncompatibleSchema::Changed { version: 1 }));
        }
    }

    #[test]
    fn the_migrations_are_in_order_and_none_excludes_its_own_server() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].version + 1 == pair[1].version));
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].oldest_server <= pair[1].oldest_server));
        assert!(MIGRATIONS.iter().all(|it| it.oldest_server <= it.version));
    }

    #[test]
    fn a_checksum_is_listed_in_hexadecimal_digits() {
        assert_eq!(text_of(&[0, 0x1f, 0xa0]), "001fa0");
    }
}
