//! Releases before and after a migration share one archive, or one is refused. `make test-previous` runs the first
//! tests with a binary of the previous release.

use futures::FutureExt as _;
use futures::future::join_all;
use hsc::archive::{IncompatibleSchema, Store};
use hsc_actors::ports::archive::{Archive as _, ArchiveError};
use hsc_config::ArchiveSettings;
use sqlx::{Connection as _, SqliteConnection};

use crate::archive_stage::settings;
use crate::archiving::{archived, ask, store};
use crate::eventually::eventually;
use crate::postgres::Postgres;
use crate::server::{Server, config, hsc, previous_release, run, variable};
use crate::shop::Shop;

/// Number of a migration that no release has yet.
const FUTURE: i64 = 9_000;

/// Adds a migration of a later release, which servers from `oldest_server` on can use.
fn future_migration(oldest_server: i64) -> String {
    format!(
        "CREATE TABLE of_the_future (id BIGINT);
         INSERT INTO schema_migrations (version, name, checksum, oldest_server)
         VALUES ({FUTURE}, 'future', 'ab', {oldest_server});"
    )
}

/// The newest migration of this server.
async fn newest(postgres: &Postgres) -> i64 {
    let all = "SELECT MAX(version) FROM (SELECT version FROM _sqlx_migrations
               UNION SELECT version FROM schema_migrations) AS versions";
    postgres.number(all).await
}

async fn locks(postgres: &Postgres) -> i64 {
    postgres.number("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'").await
}

fn store_at(url: &str) -> Store {
    store(|it| it.url = url.into())
}

#[actix_web::test]
async fn the_previous_release_serves_an_archive_with_newer_migrations_that_only_add() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let shared = [("archive.url", url.as_str())];
    let current = Server::with(&shared).await;
    let store = store_at(&url);
    let before = ask(&current, "q1").await;
    archived(&store, &before).await;
    if std::env::var_os("HSC_PREVIOUS").is_none() {
        postgres.execute(&future_migration(newest(&postgres).await)).await;
    }
    let mut previous = Server::of_previous_release(&shared).await;
    for server in [&previous, &current] {
        archived(&store, &ask(server, "q2").await).await;
    }
    eventually("the previous release is healthy", async || {
        previous.json("/health").await["status"] == "healthy"
    })
    .await;
    assert_eq!(locks(&postgres).await, 0, "no lock is left");
    previous.signal("TERM");
    assert_eq!(previous.ended().await.code(), Some(0));
    archived(&store, &ask(&current, "q3").await).await;
}

#[actix_web::test]
async fn the_previous_release_is_refused_by_a_migration_that_excludes_it_and_leaves_no_lock() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let current = Server::with(&[("archive.url", &url)]).await;
    let store = store_at(&url);
    archived(&store, &ask(&current, "q1").await).await;
    postgres.execute(&future_migration(FUTURE)).await;
    let shop = Shop::new();
    let mut command = previous_release();
    command.args(["serve", "--config"]).arg(config(&shop)).current_dir(shop.dir());
    command.env(variable("archive.url"), &url).env(variable("answers.encoder.enabled"), "false");
    let (status, _, log) = run(command);
    assert_eq!(status.code(), Some(3), "{log}");
    let errors: Vec<&str> =
        log.lines().filter(|line| line.contains("\"level\":\"error\"")).collect();
    assert!(matches!(&errors[..], [one] if one.contains("schema version 9000")), "{log}");
    assert_eq!(locks(&postgres).await, 0, "no lock is left");
    // The migration, which stands for one that the current release has, excludes this binary too.
    postgres.execute("DELETE FROM schema_migrations WHERE version = 9000").await;
    archived(&store, &ask(&current, "q2").await).await;
}

#[actix_web::test]
async fn a_command_migrates_the_tables_or_reports_that_they_exclude_it() {
    let (postgres, shop) = (Postgres::start().await, Shop::new());
    let migrate = || {
        let mut command = hsc();
        command.args(["migrate", "--config"]).arg(config(&shop));
        command.env(variable("archive.url"), postgres.url());
        run(command)
    };
    let (status, printed, error) = migrate();
    assert!(status.success() && printed.contains("up to date"), "{printed}{error}");
    assert!(newest(&postgres).await > 0);
    postgres.execute(&future_migration(FUTURE)).await;
    let (status, printed, error) = migrate();
    assert_eq!(status.code(), Some(3), "{printed}{error}");
    assert!(error.contains("schema version 9000"), "{error}");
}

#[actix_web::test]
async fn a_server_that_started_while_the_database_was_down_ends_when_the_archive_excludes_it() {
    let mut postgres = Postgres::start().await;
    let url = postgres.url();
    store_at(&url).reach().await.expect("the tables are created");
    postgres.execute(&future_migration(FUTURE)).await;
    postgres.cut();
    let settings = [("archive.url", url.as_str()), ("archive.connect_timeout_ms", "500")];
    let mut server = Server::with(&settings).await;
    assert_eq!(server.get("/ready").await.status(), 200);
    postgres.heal().await;
    assert_eq!(server.ended().await.code(), Some(3), "{}", server.log());
    assert!(server.log().contains("schema version 9000"), "{}", server.log());
}

#[actix_web::test]
async fn a_running_pod_excluded_by_a_newer_release_stops_writing_reports_it_and_spills() {
    let (postgres, data) = (Postgres::start().await, tempfile::tempdir().expect("a folder"));
    let (url, folder) = (postgres.url(), data.path().join("unwritten"));
    let settings = [
        ("archive.url", url.as_str()),
        ("archive.spill_dir", folder.to_str().expect("text")),
        ("server.drain_timeout_ms", "10000"),
    ];
    let mut server = Server::with(&settings).await;
    let store = store_at(&url);
    archived(&store, &ask(&server, "q1").await).await;
    let messages = "SELECT COUNT(*) FROM messages";
    let before = postgres.number(messages).await;

    // Another pod, of a newer release.
    postgres.execute(&future_migration(FUTURE)).await;
    let after = ask(&server, "q1").await;
    eventually("/health has the reason", async || {
        let health = server.json("/health").await;
        let reason = health["reason"].as_str().unwrap_or_default().to_owned();
        health["status"] == "degraded" && reason.contains("schema version 9000")
    })
    .await;
    assert_eq!(server.get("/ready").await.status(), 200, "chats go on");
    let later = ask(&server, "q1").await;
    assert!(server.metric("hsc_archive_queued").await >= 4.0, "both questions and answers wait");
    assert_eq!(server.metric("hsc_archive_up").await, 0.0);
    assert_eq!(postgres.number(messages).await, before, "nothing was written");
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("schema version 9000"));
    let lines: Vec<&str> = lines.collect();
    let [line] = &lines[..] else { panic!("one line says it: {lines:#?}") };
    assert!(line.contains("\"level\":\"error\"") && line.contains("nothing is written"), "{line}");
    assert_eq!(std::fs::read_dir(&folder).expect("the spilled records").count(), 1, "{log}");

    // A server that may use the tables writes them.
    postgres.execute("DELETE FROM schema_migrations WHERE version = 9000").await;
    let _newer = Server::with(&settings).await;
    for conversation in [&after, &later] {
        archived(&store, conversation).await;
    }
    assert_eq!(postgres.number(messages).await, before + 4);
}

#[actix_web::test]
async fn a_store_in_use_that_is_excluded_writes_again_once_it_no_longer_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hsc.sqlite");
    let settings = ArchiveSettings { path: file.display().to_string(), ..settings() };
    let store = Store::new(&settings).expect("settings of an archive");
    store.reach().await.expect("the tables are created");
    let url = format!("sqlite://{}", file.display());
    let mut direct = SqliteConnection::connect(&url).await.expect("a file of SQLite");
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(future_migration(FUTURE)));
    sql.execute(&mut direct).await.expect("it is SQL");
    let excluded = |outcome| matches!(outcome, Err(ArchiveError::Excluded { .. }));
    // No time passes between the migration and the refusal: each batch looks first.
    assert!(excluded(store.write(Vec::new()).await));
    assert!(excluded(store.reach().await) && excluded(store.transcript("x").await.map(drop)));
    assert!(store.incompatible().now_or_never().is_none(), "a server that runs does not end");
    let gone = sqlx::raw_sql("DELETE FROM schema_migrations WHERE version = 9000");
    gone.execute(&mut direct).await.expect("it is SQL");
    store.reach().await.expect("it may be used again");
    store.write(Vec::new()).await.expect("it may be used again");
}

#[actix_web::test]
async fn a_migration_that_fails_changes_nothing_and_releases_its_lock() {
    let postgres = Postgres::start().await;
    postgres.execute("CREATE TABLE messages (is_in_the_way BIGINT)").await;
    let store = store_at(&postgres.url());
    store.reach().await.expect_err("a table has the name of one of ours");
    assert_eq!(locks(&postgres).await, 0);
    let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(postgres.number(tables).await, 1, "the first table was not created either");
    postgres.execute("DROP TABLE messages").await;
    store.reach().await.expect("it is tried again");
}

#[actix_web::test]
async fn a_migration_ends_when_its_server_ends_in_any_way() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let settings = [("archive.url", url.as_str()), ("archive.connect_timeout_ms", "500")];
    let mut in_the_way = postgres.connection().await;
    for signal in ["KILL", "TERM"] {
        let mut other = in_the_way.begin().await.expect("a transaction");
        let table = sqlx::raw_sql("CREATE TABLE messages (id TEXT)").execute(&mut *other);
        table.await.expect("a table that only this transaction sees");
        let mut server = Server::with(&settings).await;
        eventually("it migrates", async || locks(&postgres).await == 1).await;
        server.signal(signal);
        let expected = (signal == "TERM").then_some(0);
        assert_eq!(server.ended().await.code(), expected, "{}", server.log());
        eventually("the lock is released", async || locks(&postgres).await == 0).await;
        other.rollback().await.expect("the table is gone");
    }
    store_at(&url).reach().await.expect("another pod migrates");
}

#[actix_web::test]
async fn a_server_ends_within_its_drain_time_while_postgresql_hangs() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let settings = [("archive.url", url.as_str()), ("server.drain_timeout_ms", "20000")];
    let mut server = Server::with(&settings).await;
    archived(&store_at(&url), &ask(&server, "q1").await).await;
    postgres.hang();
    ask(&server, "q2").await;
    eventually("a write hangs", async || server.metric("hsc_archive_queued").await > 0.0).await;
    server.signal("TERM");
    // The time limit of the process would end it with 1.
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
}

#[actix_web::test]
async fn a_server_that_starts_while_postgresql_hangs_ends_too() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let settings = [
        ("archive.url", url.as_str()),
        ("archive.connect_timeout_ms", "500"),
        ("server.drain_timeout_ms", "20000"),
    ];
    postgres.hang();
    let mut server = Server::with(&settings).await;
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.log());
}

#[actix_web::test]
async fn many_pods_migrate_an_empty_database_at_once() {
    let postgres = Postgres::start().await;
    let pods: Vec<Store> = (0..6).map(|_| store_at(&postgres.url())).collect();
    for reached in join_all(pods.iter().map(|pod| pod.reach())).await {
        reached.expect("one migrates and the others wait");
    }
}

#[actix_web::test]
async fn a_file_is_served_with_newer_migrations_that_only_add_and_refused_with_others() {
    for (oldest_server, is_served) in [(4, true), (FUTURE, false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hsc.sqlite");
        let settings = ArchiveSettings { path: file.display().to_string(), ..settings() };
        let open = || Store::new(&settings).expect("settings of an archive");
        open().reach().await.expect("the tables are created");
        let url = format!("sqlite://{}", file.display());
        let mut direct = SqliteConnection::connect(&url).await.expect("a file of SQLite");
        let listed = sqlx::raw_sql(sqlx::AssertSqlSafe(future_migration(oldest_server)));
        listed.execute(&mut direct).await.expect("it is SQL");
        let older = open();
        let checked = older.check_schema().await;
        assert_eq!(checked.is_ok(), is_served, "{checked:?}");
        assert_eq!(older.reach().await.is_ok(), is_served);
        if !is_served {
            let why = older.incompatible().await;
            assert!(matches!(why, IncompatibleSchema::TooNew { found: FUTURE, .. }), "{why}");
        }
    }
}
