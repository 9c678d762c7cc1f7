//! A client that holds a connection and does nothing costs a descriptor for a while, and does not affect others.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::eventually::{eventually, in_time};
use crate::server::{ADMIN_TOKEN, Server, client, operator};
use crate::visitor::Visitor;

/// The bytes that a slow client sends before it stops.
const NO_WHOLE_HEAD: &str = "GET /ping HTTP/1.1\r\nHost: h";
const NO_WHOLE_BODY: &str = "POST /api/sign-in HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
    Content-Length: 1000\r\n\r\n{";
const NO_WHOLE_CHUNK: &str = "POST /api/leave-message HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n\
    Transfer-Encoding: chunked\r\n\r\n400\r\n{";
const WHOLE: &str = "GET /ping HTTP/1.1\r\nHost: here\r\n\r\n";
const PART_OF_A_SECOND: &str = "GET /pi";

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("the server accepts")
}

/// Sends these bytes; false if the server has closed the connection already.
async fn say(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).await.is_ok()
}

/// Reads one response with a short body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut bytes = [0; 1_024];
    while !received.ends_with(b"}") {
        match in_time("an answer", stream.read(&mut bytes)).await {
            Ok(0) | Err(_) => break,
            Ok(read) => received.extend_from_slice(&bytes[..read]),
        }
    }
    String::from_utf8(received).expect("text")
}

/// All bytes until the server closes the connection.
async fn until_closed(what: &str, stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    // A reset counts as the end too.
    let _ = in_time(what, stream.read_to_end(&mut received)).await;
    String::from_utf8_lossy(&received).into_owned()
}

async fn closed(server: &Server, reason: &str) -> f64 {
    let name = format!("hsc_connections_closed_total{{reason=\"{reason}\"}}");
    server.metric(&name).await
}

#[tokio::test]
async fn six_hundred_slow_clients_and_512_descriptors_leave_probes_and_admins_served() {
    let server = Server::with_descriptors(512, &[]).await;
    let mut held = Vec::new();
    for number in 0..600 {
        let Ok(mut stream) = TcpStream::connect(server.address()).await else { continue };
        let _ = match number % 3 {
            0 => say(&mut stream, NO_WHOLE_HEAD).await,
            1 => say(&mut stream, NO_WHOLE_BODY).await,
            _ => {
                say(&mut stream, WHOLE).await;
                say(&mut stream, PART_OF_A_SECOND).await
            }
        };
        held.push(stream);
        if number % 50 == 49 {
            for probe in ["/ping", "/ready", "/health", "/metrics"] {
                let probed = in_time("a probe", client().get(server.url(probe)).send()).await;
                let status = probed.map(|it| it.status().as_u16());
                assert_eq!(status.ok(), Some(200), "{probe} beside {number} slow clients");
            }
        }
    }
    assert!(held.len() > 550, "only {} connections were opened", held.len());
    assert_eq!(server.get("/api/brands").await.status(), 200, "visitors are served too");
    let response = operator().get(server.url("/admin/actors")).send().await;
    assert_eq!(response.expect("an admin is served").status(), 200);
    assert!(closed(&server, "evicted").await > 100.0, "slow connections gave way");
    let _visitor = server.visitor().await;
    drop(held);
}

#[tokio::test]
async fn soft_descriptors_are_raised_and_sockets_beyond_the_hard_ones_leave_probes_served() {
    let server = Server::with_descriptor_limits(
        64,
        256,
        &[
            ("server.max_connections_per_address", "0"),
            ("sessions.max_per_address", "0"),
            ("sessions.overload_after_ms", "0"),
        ],
    )
    .await;
    assert_eq!(server.metric("process_max_fds").await, 256.0, "the soft limit was 64");
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("sessions.max")).collect();
    let [warning] = &lines[..] else { panic!("one line warns: {log}") };
    assert!(warning.contains("\"level\":\"warn\"") && warning.contains("ulimit -n"), "{warning}");

    // More sockets than soft descriptors, until none is left for a visitor.
    let mut inside = Vec::new();
    let mut refused = None;
    for _ in 0..256 {
        match Visitor::from_program(server.address()).await {
            Ok(visitor) => inside.push(visitor),
            Err(status) => {
                refused = Some(status);
                break;
            }
        }
    }
    assert_eq!(refused, Some(503), "{} sockets", inside.len());
    assert!(inside.len() > 64, "{} sockets", inside.len());
    for probe in ["/health", "/metrics", "/ready", "/ping"] {
        let probed = in_time("a probe", client().get(server.url(probe)).send()).await;
        assert_eq!(probed.map(|it| it.status().as_u16()).ok(), Some(200), "{probe}");
    }
    assert_eq!(server.metric("hsc_ws_sessions").await, inside.len() as f64);
    assert!(server.metric("process_open_fds").await < 256.0);
    inside[0].type_in("nl").await;
    drop(inside);
    eventually("visitors are let in again", async || {
        Visitor::from_program(server.address()).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn each_kind_of_slow_client_is_closed_at_its_deadline() {
    let settings = [
        // Long enough for a request of a client on a busy machine.
        ("server.header_timeout_ms", "3000"),
        ("server.keep_alive_ms", "1000"),
        ("server.body_timeout_ms", "1000"),
    ];
    let server = Server::with(&settings).await;
    let mut head = connect(&server).await;
    say(&mut head, NO_WHOLE_HEAD).await;
    let received = until_closed("a head that does not end", &mut head).await;
    assert!(received.is_empty() || received.starts_with("HTTP/1.1 408"), "{received}");

    for begun in [NO_WHOLE_BODY, NO_WHOLE_CHUNK] {
        let mut body = connect(&server).await;
        say(&mut body, begun).await;
        let received = until_closed("a body that does not end", &mut body).await;
        assert!(received.starts_with("HTTP/1.1 408"), "{received}");
        assert!(received.contains("\"request_timeout\""), "{received}");
    }

    let mut idle = connect(&server).await;
    say(&mut idle, WHOLE).await;
    let received = until_closed("an idle connection", &mut idle).await;
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");

    // A second request in one packet with the first, and one that is sent slowly for as long as the server allows.
    let mut second = connect(&server).await;
    say(&mut second, &format!("{WHOLE}{PART_OF_A_SECOND}")).await;
    until_closed("a part of a second request", &mut second).await;
    let mut dripping = connect(&server).await;
    say(&mut dripping, WHOLE).await;
    assert!(answer(&mut dripping).await.starts_with("HTTP/1.1 200"));
    say(&mut dripping, "GET /ping HTTP/1.1\r\nX: ").await;
    in_time("a second request that drips", async {
        while say(&mut dripping, "x").await {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    })
    .await;
    // A body below the minimum rate, on a route that does not read it.
    let mut unread = connect(&server).await;
    say(
        &mut unread,
        "POST /no/such/route HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
    .await;
    in_time("a body that nobody reads", async {
        while say(&mut unread, "1\r\nx\r\n").await {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    })
    .await;
    assert!(closed(&server, "header_timeout").await >= 1.0);
    assert_eq!(closed(&server, "body_timeout").await, 2.0);
}

#[tokio::test]
async fn a_body_at_the_minimum_rate_is_read_completely() {
    let settings = [("server.header_timeout_ms", "2000"), ("server.body_bytes_per_second", "1")];
    let server = Server::with(&settings).await;
    let mut stream = connect(&server).await;
    let body = r#"{"address":"a@example.test","text":"Hello there"}"#;
    let head =
        "POST /api/leave-message HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n";
    say(&mut stream, &format!("{head}Content-Length: {}\r\n\r\n", body.len())).await;
    in_time("the body is sent", async {
        for piece in body.as_bytes().chunks(10) {
            stream.write_all(piece).await.expect("the server reads on");
            stream.flush().await.expect("the server reads on");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let received = answer(&mut stream).await;
    assert!(received.starts_with("HTTP/1.1 202"), "{received}");
}

#[tokio::test]
async fn a_client_that_reads_no_responses_is_closed() {
    let server = Server::with(&[("server.write_timeout_ms", "300")]).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a size");
    let mut stream = socket.connect(server.address()).await.expect("the server accepts");
    let request = "GET /docs/openapi.json HTTP/1.1\r\nHost: here\r\n\r\n".repeat(16);
    // Sends requests and reads nothing, until the responses fill every buffer between the two.
    in_time("the server closes it", async {
        while say(&mut stream, &request).await {
            if closed(&server, "write_timeout").await > 0.0 {
                return;
            }
        }
    })
    .await;
    eventually("it is counted", async || closed(&server, "write_timeout").await == 1.0).await;
}

#[tokio::test]
async fn reserved_places_serve_probes_and_admins_while_all_others_are_in_use() {
    let settings = [("server.max_connections", "4"), ("server.max_connections_per_address", "0")];
    let server = Server::with(&settings).await;
    let mut visitors = Vec::new();
    for _ in 0..4 {
        visitors.push(Visitor::from_program(server.address()).await.expect("a place"));
    }
    assert_eq!(Visitor::from_program(server.address()).await.err(), Some(503));
    for probe in ["/ping", "/ready", "/health", "/metrics"] {
        assert_eq!(server.get(probe).await.status(), 200, "{probe}");
    }
    let stranger = server.get("/api/brands").await;
    assert_eq!(stranger.status(), 503);
    assert!(stranger.headers().contains_key("retry-after"));
    let response = client().get(server.url("/admin/actors")).bearer_auth("a guess").send().await;
    assert_eq!(response.expect("the server answers").status(), 503);
    let response = client().get(server.url("/admin/actors")).bearer_auth(ADMIN_TOKEN).send().await;
    assert_eq!(response.expect("the server answers").status(), 200);
    assert_eq!(server.get("/sign-in").await.status(), 200, "an admin can sign in");
    // An attempt over a reserved place counts like any other: ten are free, then the right one waits too.
    let with = async |token: &str| {
        let response = client().get(server.url("/admin/actors")).bearer_auth(token).send().await;
        response.expect("the server answers").status().as_u16()
    };
    for _ in 0..10 {
        assert_eq!(with("a guess").await, 503);
    }
    assert_eq!(with(ADMIN_TOKEN).await, 503, "the right one has to wait");
    visitors.pop();
    eventually("a place is free again", async || server.get("/api/brands").await.status() == 200)
        .await;
}

#[tokio::test]
async fn the_connections_of_one_address_are_limited_and_others_are_not_affected() {
    let server = Server::with(&[("server.max_connections_per_address", "3")]).await;
    let from = async |address: [u8; 4]| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((address, 0).into()).expect("an address of this machine");
        socket.connect(server.address()).await.expect("the server accepts")
    };
    let upgrade = "GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = from([127, 0, 0, 2]).await;
        say(&mut stream, upgrade).await;
        let mut first = [0; 12];
        in_time("the upgrade", stream.read_exact(&mut first)).await.expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 101");
        open.push(stream);
    }
    let mut fourth = from([127, 0, 0, 2]).await;
    say(&mut fourth, WHOLE).await;
    let received = until_closed("a fourth connection", &mut fourth).await;
    assert!(received.is_empty() || received.starts_with("HTTP/1.1 503"), "{received}");
    assert_eq!(server.get("/ping").await.status(), 200, "another address is served");
    let refused = server.metric("hsc_connections_refused_total{reason=\"address\"}").await;
    assert_eq!(refused, 1.0);
    // An idle connection of the same address is closed instead.
    drop(open.pop());
    let mut idle = from([127, 0, 0, 2]).await;
    eventually("the place is free", async || {
        idle = from([127, 0, 0, 2]).await;
        say(&mut idle, WHOLE).await && answer(&mut idle).await.starts_with("HTTP/1.1 200")
    })
    .await;
    let mut newer = from([127, 0, 0, 2]).await;
    say(&mut newer, WHOLE).await;
    assert!(answer(&mut newer).await.starts_with("HTTP/1.1 200"), "the idle one gave way");
}

#[tokio::test]
async fn malformed_requests_are_counted_and_not_logged_as_errors() {
    let server = Server::with(&[]).await;
    let long = format!("GET /ping HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let malformed = [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /ping HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzzz\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}",
        long.as_str(),
    ];
    for text in malformed {
        let mut stream = connect(&server).await;
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
        until_closed("a malformed request", &mut stream).await;
    }
    let counted = async || server.metric("hsc_malformed_total{what=\"request\"}").await;
    eventually("they are counted", async || counted().await >= 5.0).await;
    let log = server.log();
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
        // The start may print a warning about the limits of this machine.
        let is_fault = matches!(line["level"].as_str(), Some("error" | "warn"));
        assert!(!is_fault || line["target"] == "hsc::listeners", "{line}");
    }
}
