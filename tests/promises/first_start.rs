//! Without an account the administration is closed to every client address.

use std::os::unix::fs::PermissionsExt as _;

use reqwest::Method;
use serde_json::json;

use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of};
use crate::postgres::Postgres;
use crate::server::{Server, client, config, hsc, run, variable};
use crate::shop::Shop;

/// The administration routes: one that reads, and one that changes something.
const ASKED: [(&str, &str); 12] = [
    ("GET", "/admin/actors"),
    ("GET", "/admin/pods"),
    ("GET", "/admin/settings"),
    ("GET", "/admin/sessions"),
    ("GET", "/admin/catalog"),
    ("GET", "/admin/users"),
    ("GET", "/admin/audit"),
    ("GET", "/admin/analytics/snapshots"),
    ("POST", "/admin/drain"),
    ("POST", "/admin/caches/invalidate"),
    ("POST", "/admin/broadcast"),
    ("PUT", "/admin/catalog/files/mine.json?dry_run=false"),
];

#[tokio::test]
async fn no_header_makes_a_request_local_before_the_first_account() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let settings = [
        ("archive.path", path.as_str()),
        ("admin.token", ""),
        // A proxy on this machine that names itself as the client is not the operator either.
        ("server.trusted_proxies", "127.0.0.1"),
    ];
    let server = Server::of(shop, &settings).await;
    let here = server.address().to_string();
    let headers: [&[(&str, &str)]; 9] = [
        &[],
        &[("host", &here)],
        &[("host", "localhost")],
        &[("host", "rebinding.example")],
        &[("x-forwarded-for", "127.0.0.1")],
        &[("forwarded", "for=127.0.0.1;host=localhost")],
        &[("x-forwarded-host", "localhost"), ("x-forwarded-proto", "http")],
        &[("x-real-ip", "127.0.0.1")],
        &[("via", "1.1 proxy"), ("authorization", "Bearer ")],
    ];
    for headers in headers {
        let send = async |method: &str, path: &str| {
            let method: Method = method.parse().expect("a method");
            let mut request = client().request(method, server.url(path)).json(&json!({}));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send().await.expect("the server answers")
        };
        for (method, path) in ASKED {
            let (status, _) = code_of(send(method, path).await).await;
            assert!(matches!(status, 401 | 403), "{method} {path} with {headers:?}: {status}");
        }
    }
    for page in ["/admin", "/admin.html", "/agent"] {
        let sent = Member::of(&server).get(page).await;
        assert_eq!(sent.status(), 302, "{page}");
        assert!(sent.headers()["location"].to_str().expect("text").starts_with("/sign-in"));
    }
    assert_eq!(server.get("/ready").await.status(), 200, "nobody had it drain");

    let line = server.first_link().await;
    let (_, token) = line.split_once("/first?token=").expect("a link");
    let mut ada = Member::of(&server);
    let account = json!({ "token": token, "name": "Ada", "address": "ada@example.test", "password": PASSWORD });
    assert_eq!(ada.post("/api/first", account).await.status(), 200);
    assert_eq!(ada.get("/admin").await.status(), 200);
    assert_eq!(ada.get("/admin/actors").await.status(), 200);
}

#[tokio::test]
async fn guesses_at_the_link_of_the_first_start_are_limited_and_audited() {
    let shop = Shop::new();
    let path = archive_of(&shop);
    let settings = [("archive.path", path.as_str()), ("admin.token", "")];
    let server = Server::of(shop, &settings).await;
    let line = server.first_link().await;
    let (_, right) = line.split_once("/first?token=").expect("a link");
    let first = async |last: u8, token: &str| {
        let mut member = Member::at(&server, [127, 0, 7, last]);
        let account = json!({ "token": token, "name": "Ada", "address": "ada@example.test", "password": PASSWORD });
        let status = member.post("/api/first", account).await.status().as_u16();
        (member, status)
    };
    for _ in 0..10 {
        assert_eq!(first(1, "a guess").await.1, 410);
    }
    assert_eq!(first(1, "a guess").await.1, 429);
    assert_eq!(first(1, right).await.1, 429, "the right one has to wait too");
    let (mut ada, status) = first(2, right).await;
    assert_eq!(status, 200, "and nobody else");
    eventually("each guess is in the audit", async || {
        let audit = ada.get("/admin/audit").await.text().await.expect("text");
        audit.matches("first_link.failed").count() == 11
    })
    .await;
}

#[tokio::test]
async fn a_first_link_is_valid_on_every_pod_and_the_command_invalidates_earlier_ones() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let shared = [("archive.url", url.as_str()), ("admin.token", "")];
    let (mut one, mut two) = futures::join!(Server::with(&shared), Server::with(&shared));
    let token_of = |link: &str| link.split_once("/first?token=").expect("a link").1.to_owned();
    let of_one = token_of(&one.first_link().await);
    let of_two = token_of(&two.first_link().await);
    let first = async |server: &Server, token: &str| {
        let account = json!({ "token": token, "name": "Ada", "address": "ada@example.test", "password": PASSWORD });
        Member::of(server).post("/api/first", account).await.status().as_u16()
    };

    let file = one.shop.dir().join("by-command");
    let mut command = hsc();
    command.args(["user", "first-link", "--config"]).arg(config(&one.shop));
    command.arg("--file").arg(&file).env(variable("archive.url"), &url);
    let (status, printed, error) = run(command);
    assert!(status.success(), "{error}");
    let by_command = token_of(std::fs::read_to_string(&file).expect("the link").trim());
    assert!(!printed.contains(&by_command), "standard output is no terminal here: {printed}");
    for file in [file, one.shop.dir().join("first-link")] {
        assert_eq!(file.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }

    for void in [&of_one, &of_two] {
        assert_eq!(first(&one, void).await, 410, "the command made another one");
    }
    assert_eq!(first(&two, &by_command).await, 200);
    for server in [&one, &two] {
        assert_eq!(first(server, &by_command).await, 410, "once");
    }
    for server in [&mut one, &mut two] {
        let printed = server.prints().await;
        for token in [&of_one, &of_two, &by_command] {
            assert!(!server.log().contains(token) && !printed.contains(token), "{printed}");
        }
    }
}

#[tokio::test]
async fn the_link_of_one_pod_works_on_another() {
    let postgres = Postgres::start().await;
    let url = postgres.url();
    let shared = [("archive.url", url.as_str()), ("admin.token", "")];
    let (one, two) = futures::join!(Server::with(&shared), Server::with(&shared));
    let link = one.first_link().await;
    let token = link.split_once("/first?token=").expect("a link").1;
    let account = json!({ "token": token, "name": "Ada", "address": "ada@example.test", "password": PASSWORD });
    assert_eq!(Member::of(&two).post("/api/first", account).await.status(), 200);
}

#[test]
fn the_command_prints_the_link_on_a_terminal() {
    let shop = Shop::new();
    let (path, config) = (archive_of(&shop), config(&shop));
    let line = format!(
        "exec '{}' user first-link --config '{}'",
        hsc().get_program().display(),
        config.display()
    );
    // Gives the command a terminal.
    let mut command = std::process::Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.env(variable("archive.path"), path);
    let (status, printed, error) = run(command);
    assert!(status.success() && printed.contains("/first?token="), "{printed}{error}");
    assert!(!shop.dir().join("first-link").exists());
}
