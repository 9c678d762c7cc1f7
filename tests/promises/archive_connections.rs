//! Connections to PostgreSQL: a pooler in transaction mode, and TLS with a private authority.

use hsc_actors::ports::archive::Archive as _;
use sqlx::Row as _;

use crate::archiving::{archived, ask, store};
use crate::member::{Member, PASSWORD};
use crate::postgres::{PgBouncer, Postgres};
use crate::server::Server;
use serde_json::json;

#[actix_web::test]
async fn two_pods_behind_a_pooler_in_transaction_mode_migrate_archive_and_sign_in() {
    let postgres = Postgres::start().await;
    let bouncer = PgBouncer::before(&postgres).await;
    let url = bouncer.url_of("postgres");
    let shared = [("archive.url", url.as_str()), ("archive.pooler", "transaction")];
    let (one, two) = futures::join!(Server::with(&shared), Server::with(&shared));
    let link = one.first_link().await;
    let token = link.split_once("/first?token=").expect("a link").1;
    let ada = json!({ "token": token, "name": "Ada", "address": "ada@example.test", "password": PASSWORD });
    assert_eq!(Member::of(&two).post("/api/first", ada).await.status(), 200);
    assert_eq!(Member::of(&one).sign_in("ada@example.test", PASSWORD).await.status(), 200);
    // Read without the pooler.
    let archive = store(|it| it.url = postgres.url().as_str().into());
    for server in [&one, &two, &one, &two] {
        archived(&archive, &ask(server, "q1").await).await;
    }
    for server in [&one, &two] {
        assert_eq!(server.metric("hsc_archive_dropped_total{reason=\"refused\"}").await, 0.0);
    }
    let locks = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(postgres.number(locks).await, 0);
}

#[actix_web::test]
async fn over_tls_the_archive_trusts_only_the_authority_in_its_address() {
    let (postgres, authority) = Postgres::with_tls().await;
    let verified = postgres.url().replace("sslmode=require", "sslmode=verify-full");
    let ours = store(|it| {
        it.url = format!("{verified}&sslrootcert={}", authority.display()).as_str().into();
    });
    ours.reach().await.expect("our authority has signed it");
    let mut connection = postgres.connection().await;
    let row = sqlx::query("SELECT COUNT(*) FROM pg_stat_ssl WHERE ssl AND pid <> pg_backend_pid()")
        .fetch_one(&mut connection)
        .await
        .expect("it answers");
    assert!(row.get::<i64, _>(0) > 0, "the connection of the archive is encrypted");
    let stranger = store(|it| it.url = verified.as_str().into());
    stranger.reach().await.expect_err("the public authorities have not signed it");
    let plain = store(|it| {
        it.url = postgres.url().replace("sslmode=require", "sslmode=disable").as_str().into();
    });
    plain.reach().await.expect_err("it speaks TLS alone");
}
