//! Authorisation: every route and every message of an agent, for each caller and each origin.
//!
//! The rules below are the expected outcome, as data. A test sends each request and compares; a route or a message
//! without a row fails, and so does `docs/security.md` where it does not show the same table. To write the table
//! there: `UPDATE_DOCS=1 cargo test --workspace --test promises authorisation`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::agents::{ADA, YAEL, agent, until};
use crate::eventually::in_time;
use crate::member::{Member, PASSWORD, with_team};
use crate::server::{Server, client};
use crate::shop::LIGHT;
use crate::visitor::Visitor;

const TOKEN: &str = "a-token-for-machines-of-32-characters";
const FOREIGN: &str = "https://evil.example";

/// The callers. Each sends its credentials and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anonymous,
    /// The token of a conversation.
    Visitor,
    /// The session of an agent, with its CSRF token.
    Agent,
    /// The session of an admin, with its CSRF token.
    Admin,
    /// `admin.token`.
    Token,
}

const CALLERS: [Who; 5] = [Who::Anonymous, Who::Visitor, Who::Agent, Who::Admin, Who::Token];
/// Origin of the page that sends the request: ours, a foreign one, none (a program).
const ORIGINS: [&str; 3] = ["same", "foreign", "none"];

/// The result of a request: `yes` if it reaches its handler, else the code of the refusal.
const YES: &str = "yes";
const NOT_SIGNED_IN: &str = "not_signed_in";
const ORIGIN: &str = "origin_not_allowed";
const FORBIDDEN: &str = "forbidden";
const NO_TOKEN: &str = "no_token";
/// Codes by which a caller or an origin is refused. Any other response is that of the handler.
const REFUSALS: [&str; 6] =
    [NOT_SIGNED_IN, ORIGIN, FORBIDDEN, NO_TOKEN, "no_csrf_token", "wrong_token"];

/// The outcome for one caller at each of [`ORIGINS`].
type ByOrigin = [&'static str; 3];

const ANY: ByOrigin = [YES, YES, YES];
const PAGES: ByOrigin = [YES, ORIGIN, YES];
const STRANGER: ByOrigin = [NOT_SIGNED_IN; 3];
const NO_CONVERSATION: ByOrigin = [NO_TOKEN, ORIGIN, NO_TOKEN];

/// The purpose of a route.
struct Access {
    name: &'static str,
    /// In the order of [`CALLERS`].
    outcomes: [ByOrigin; 5],
}

/// Public: its content may be read by anyone.
const PUBLIC: Access = Access { name: "public", outcomes: [ANY; 5] };
/// For pages of this server and of `server.allowed_origins`, and programs.
const PAGE: Access = Access { name: "allowed pages", outcomes: [PAGES; 5] };
/// For pages of this server and programs: signing in.
const OWN_PAGE: Access = Access { name: "own pages", outcomes: [PAGES; 5] };
/// For the visitor of a conversation.
const CONVERSATION: Access = Access {
    name: "visitor",
    outcomes: [NO_CONVERSATION, PAGES, NO_CONVERSATION, NO_CONVERSATION, NO_CONVERSATION],
};
/// For the visitor of a conversation, and for the team, which names the conversation.
const UPLOAD: Access =
    Access { name: "visitor, team", outcomes: [STRANGER, PAGES, PAGES, PAGES, STRANGER] };
/// Read by the team. A foreign page gets no answer to read: CORS never allows credentials.
const TEAM_READS: Access =
    Access { name: "team reads", outcomes: [STRANGER, STRANGER, ANY, ANY, STRANGER] };
/// Changed by the team, on pages of this server with the CSRF token.
const TEAM: Access =
    Access { name: "team", outcomes: [STRANGER, STRANGER, PAGES, PAGES, STRANGER] };
/// Read by admins.
const ADMIN_READS: Access =
    Access { name: "admin reads", outcomes: [STRANGER, STRANGER, [FORBIDDEN; 3], ANY, ANY] };
/// Changed by admins, on pages of this server with the CSRF token, and by programs with `admin.token`.
const ADMIN: Access = Access {
    name: "admin",
    outcomes: [STRANGER, STRANGER, [FORBIDDEN, ORIGIN, FORBIDDEN], PAGES, ANY],
};

const ACCESSES: [Access; 9] =
    [PUBLIC, PAGE, OWN_PAGE, CONVERSATION, UPLOAD, TEAM_READS, TEAM, ADMIN_READS, ADMIN];

/// A route, its purpose, and a request that changes nothing that another row needs.
struct Row {
    method: &'static str,
    path: &'static str,
    access: Access,
    /// The requested path, if the path has parameters or needs a query.
    url_path: &'static str,
    body: &'static str,
}

const fn row(method: &'static str, path: &'static str, access: Access) -> Row {
    Row { method, path, access, url_path: path, body: "" }
}

const fn asking(url_path: &'static str, row: Row) -> Row {
    Row { url_path, ..row }
}

const fn with(body: &'static str, row: Row) -> Row {
    Row { body, ..row }
}

fn rows() -> Vec<Row> {
    vec![
        row("GET", "/health", PUBLIC),
        row("GET", "/ready", PUBLIC),
        row("GET", "/ping", PUBLIC),
        row("GET", "/metrics", PUBLIC),
        row("GET", "/api/brands", PUBLIC),
        asking("/api/search?q=nl", row("GET", "/api/search", PUBLIC)),
        asking("/api/price/nl-200", row("GET", "/api/price/{query}", PUBLIC)),
        asking("/api/products/nobody", row("GET", "/api/products/{id}", PUBLIC)),
        asking("/api/products/nobody/sections", row("GET", "/api/products/{id}/sections", PUBLIC)),
        asking("/manuals/nobody", row("GET", "/manuals/{product_id}", PUBLIC)),
        asking("/static/nothing.svg", row("GET", "/static/{path}", PUBLIC)),
        asking("/uploads/nothing", row("GET", "/uploads/{id}", PUBLIC)),
        row("GET", "/api/visitor/options", PUBLIC),
        row("GET", "/api/sign-in", PUBLIC),
        row("GET", "/sign-in/openid", PUBLIC),
        asking("/sign-in/openid/return?state=x", row("GET", "/sign-in/openid/return", PUBLIC)),
        row("GET", "/ws", PAGE),
        with(
            r#"{"address":"a@example.test","text":"Hello"}"#,
            row("POST", "/api/leave-message", PAGE),
        ),
        with(
            r#"{"address":"nobody@example.test","password":"not the password"}"#,
            row("POST", "/api/sign-in", OWN_PAGE),
        ),
        with(
            r#"{"token":"x","name":"X","address":"x@example.test","password":"x"}"#,
            row("POST", "/api/first", OWN_PAGE),
        ),
        row("GET", "/api/transcript", CONVERSATION),
        with(r#"{"address":"a@example.test"}"#, row("POST", "/api/transcript/send", CONVERSATION)),
        asking(
            "/api/uploads?conversation=c1",
            with("no picture", row("POST", "/api/uploads", UPLOAD)),
        ),
        row("GET", "/api/me", TEAM_READS),
        row("GET", "/ws/agent", TEAM),
        row("GET", "/api/replies", TEAM_READS),
        row("GET", "/api/conversations", TEAM_READS),
        asking("/api/conversations/c1", row("GET", "/api/conversations/{id}", TEAM_READS)),
        row("GET", "/api/left-messages", TEAM_READS),
        with("{}", row("POST", "/api/sign-out", TEAM)),
        with(r#"{"shortcut":"hello","text":"Hello"}"#, row("PUT", "/api/replies", TEAM)),
        asking("/api/replies/nothing", row("DELETE", "/api/replies/{id}", TEAM)),
        row("GET", "/admin/actors", ADMIN_READS),
        row("GET", "/admin/pods", ADMIN_READS),
        row("GET", "/admin/series", ADMIN_READS),
        row("GET", "/admin/settings", ADMIN_READS),
        row("GET", "/admin/sessions", ADMIN_READS),
        row("GET", "/admin/catalog", ADMIN_READS),
        row("GET", "/admin/manuals", ADMIN_READS),
        row("GET", "/admin/webhooks", ADMIN_READS),
        row("GET", "/admin/webhooks/dead-letters", ADMIN_READS),
        row("GET", "/admin/audit", ADMIN_READS),
        row("GET", "/admin/users", ADMIN_READS),
        row("GET", "/admin/analytics/snapshots", ADMIN_READS),
        row("GET", "/admin/analytics/snapshots.csv", ADMIN_READS),
        row("GET", "/admin/analytics/most-asked", ADMIN_READS),
        row("GET", "/admin/analytics/most-asked.csv", ADMIN_READS),
        row("GET", "/admin/analytics/unanswered", ADMIN_READS),
        row("GET", "/admin/analytics/unanswered.csv", ADMIN_READS),
        row("GET", "/admin/analytics/ratings", ADMIN_READS),
        row("GET", "/admin/analytics/ratings.csv", ADMIN_READS),
        with(r#""all""#, row("POST", "/admin/caches/invalidate", ADMIN)),
        with(r#"{"message":"Hello"}"#, row("POST", "/admin/broadcast", ADMIN)),
        with(r#"{"actor":"nobody","fault":"panic"}"#, row("POST", "/admin/chaos", ADMIN)),
        asking("/admin/sessions/0/close", row("POST", "/admin/sessions/{key}/close", ADMIN)),
        row("POST", "/admin/catalog/reload", ADMIN),
        asking(
            "/admin/catalog/files/x.json",
            with("{}", row("PUT", "/admin/catalog/files/{file}", ADMIN)),
        ),
        asking(
            "/admin/manuals/nobody/refetch",
            row("POST", "/admin/manuals/{product}/refetch", ADMIN),
        ),
        asking(
            "/admin/webhooks/dead-letters/x/retry",
            row("POST", "/admin/webhooks/dead-letters/{id}/retry", ADMIN),
        ),
        asking(
            "/admin/webhooks/dead-letters/x",
            row("DELETE", "/admin/webhooks/dead-letters/{id}", ADMIN),
        ),
        with("{}", row("POST", "/admin/webhooks/test", ADMIN)),
        with(
            r#"{"name":"X","address":"x@example.test","role":"agent","password":"x"}"#,
            row("POST", "/admin/users", ADMIN),
        ),
        asking(
            "/admin/users/nobody",
            with(r#"{"unlock":true}"#, row("PATCH", "/admin/users/{id}", ADMIN)),
        ),
        row("POST", "/admin/drain", ADMIN),
    ]
}

/// The replies to each message of the agents' socket for the agent of the conversation, for a colleague, and for an
/// admin without the conversation; and the reply to a visitor who sends it on `/ws`.
const MESSAGES: [(&str, [&str; 4]); 11] = [
    ("watch", [YES, YES, YES, "unknown_type"]),
    ("unwatch", [YES, YES, YES, "unknown_type"]),
    ("take", [YES, "taken", "taken", "unknown_type"]),
    ("hand", [YES, "not_yours", YES, "unknown_type"]),
    ("give_back", [YES, "not_yours", YES, "unknown_type"]),
    ("close", [YES, "not_yours", YES, "unknown_type"]),
    ("say", [YES, "not_yours", "not_yours", "unknown_type"]),
    ("note", [YES, YES, YES, "unknown_type"]),
    ("typing", [YES, "no effect", "no effect", "of the visitor's own"]),
    ("draft", [YES, YES, YES, "unknown_type"]),
    ("available", [YES, YES, YES, "unknown_type"]),
];

async fn server() -> Server {
    let settings = [
        ("admin.token", TOKEN),
        ("server.allowed_origins", "https://shop.example"),
        ("chaos.enabled", "true"),
        ("offline_messages.per_address", "1000"),
        ("uploads.per_address", "0"),
        ("uploads.per_conversation", "1000"),
        ("desk.max_open_per_address", "0"),
        ("desk.per_address", "0"),
    ];
    with_team(&settings).await
}

/// The callers of one server, each with its credentials.
struct Callers {
    agent: Member,
    admin: Member,
    conversation_token: String,
    _visitor: Visitor,
}

impl Callers {
    async fn of(server: &Server) -> Self {
        let (mut agent, mut admin) = (Member::of(server), Member::of(server));
        assert_eq!(agent.sign_in(YAEL, PASSWORD).await.status(), 200);
        assert_eq!(admin.sign_in(ADA, PASSWORD).await.status(), 200);
        let mut visitor = server.visitor().await;
        visitor.say(json!({ "type": "hello" })).await;
        let welcome = visitor.receive().await;
        visitor
            .say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" }))
            .await;
        visitor.receive_answer().await;
        let conversation_token = welcome["token"].as_str().expect("a token").to_owned();
        Self { agent, admin, conversation_token, _visitor: visitor }
    }

    /// The headers with a caller's credentials.
    fn headers(&self, who: Who) -> Vec<(&'static str, String)> {
        let session = |member: &Member| {
            let cookies: Vec<String> =
                member.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            vec![("cookie", cookies.join("; ")), ("x-csrf-token", member.csrf.clone())]
        };
        match who {
            Who::Anonymous => Vec::new(),
            Who::Visitor => vec![("x-conversation-token", self.conversation_token.clone())],
            Who::Agent => session(&self.agent),
            Who::Admin => session(&self.admin),
            Who::Token => vec![("authorization", format!("Bearer {TOKEN}"))],
        }
    }
}

/// Sends the request of a row.
async fn send(
    server: &Server,
    row: &Row,
    headers: &[(&'static str, String)],
    origin: &str,
) -> Response {
    let method: Method = row.method.parse().expect("a method");
    let mut request = client().request(method, server.url(row.url_path));
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    match origin {
        "same" => request = request.header("origin", server.url("")),
        "foreign" => request = request.header("origin", FOREIGN),
        _ => {}
    }
    if row.path.starts_with("/ws") {
        for (name, value) in [
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            request = request.header(name, value);
        }
    }
    if !row.body.is_empty() {
        request = request.header("content-type", "application/json").body(row.body);
    }
    in_time(row.path, request.send()).await.expect("the server answers")
}

/// The result of the request.
async fn outcome(response: Response) -> String {
    let status = response.status();
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return YES.to_owned();
    }
    let body: Value =
        serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
    let code = body["code"].as_str().expect("a code").to_owned();
    if REFUSALS.contains(&&*code) { code } else { YES.to_owned() }
}

#[test]
fn every_route_of_the_document_has_a_row_and_every_row_a_route() {
    let document = serde_json::to_value(hsc::http::openapi()).expect("JSON");
    let mut documented = BTreeSet::new();
    for (path, does) in document["paths"].as_object().expect("paths") {
        for method in does.as_object().expect("methods").keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let known: BTreeSet<String> =
        rows().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(documented, known);
    assert_eq!(known.len(), rows().len(), "each once");
}

#[tokio::test]
async fn each_caller_may_use_each_route_exactly_as_the_rules_allow() {
    let server = server().await;
    let mut callers = Callers::of(&server).await;
    let mut wrong = Vec::new();
    for row in rows() {
        for (who, expected) in CALLERS.into_iter().zip(&row.access.outcomes) {
            for (origin, expected) in ORIGINS.into_iter().zip(expected) {
                let headers = callers.headers(who);
                // A draining pod refuses everyone: its test needs another server.
                let own = match row.path {
                    "/admin/drain" if *expected == YES => Some(self::server().await),
                    _ => None,
                };
                let headers = match &own {
                    Some(own) => Callers::of(own).await.headers(who),
                    None => headers,
                };
                let response = send(own.as_ref().unwrap_or(&server), &row, &headers, origin).await;
                let got = outcome(response).await;
                if got != *expected {
                    wrong.push(format!(
                        "{} {} as {who:?} from {origin}: {got}, expected {expected}",
                        row.method, row.path
                    ));
                }
                if row.path == "/api/sign-out" && got == YES {
                    callers = Callers::of(&server).await;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_agent_may_change_a_conversation_exactly_as_the_rules_allow() {
    let server = server().await;
    let (mut yael, mut ada) = (agent(&server, YAEL).await, agent(&server, ADA).await);
    yael.say(json!({ "type": "nothing", "id": "known" })).await;
    let error = until(&mut yael, |frame| frame["id"] == "known").await;
    let known =
        error["message"].as_str().and_then(|it| it.split_once("known are ")).expect("a list").1;
    let rows: Vec<&str> = MESSAGES.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(known.split(", ").collect::<Vec<_>>(), rows, "each message has a row");
    // A third agent, who can receive the conversation.
    let (done, printed) = crate::member::user(
        &server.shop,
        &["add", "noa@example.test", "--role", "agent"],
        &format!("{PASSWORD}\n"),
    );
    assert!(done, "{printed}");
    let mut noa = agent(&server, "noa@example.test").await;
    let ada_id = {
        ada.say(json!({ "type": "nothing", "id": "x" })).await;
        until(&mut ada, |frame| frame["id"] == "x").await;
        let me = crate::member::json_of({
            let mut member = Member::of(&server);
            assert_eq!(member.sign_in(ADA, PASSWORD).await.status(), 200);
            member.get("/api/me").await
        })
        .await;
        me["id"].clone()
    };
    let mut wrong = Vec::new();
    for (kind, expected) in MESSAGES {
        for (by, expected) in ["owner", "colleague", "admin", "visitor"].into_iter().zip(expected) {
            let (mut visitor, conversation) = crate::agents::waiting(&server).await;
            // A draft needs the manual of the product of the last question.
            if kind == "draft" {
                let query =
                    json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" });
                visitor.say(query).await;
                until(&mut visitor, |frame| frame["type"] == "final_answer").await;
            }
            yael.say(json!({ "type": "take", "conversation": conversation, "id": "take" })).await;
            let taken = until(&mut yael, |frame| frame["id"] == "take").await;
            assert_ne!(taken["type"], "error", "{taken}");
            until(&mut visitor, |frame| frame["state"] == "with_agent").await;
            let message = json!({ "type": kind, "conversation": conversation, "id": kind,
                "to": ada_id, "content": "Hello", "typing": true, "available": true,
                "question": "How heavy is it?" });
            let got = if by == "visitor" {
                visitor.say(message).await;
                match kind {
                    "typing" => "of the visitor's own".to_owned(),
                    _ => until(&mut visitor, |frame| frame["id"] == kind).await["code"]
                        .as_str()
                        .unwrap_or(YES)
                        .to_owned(),
                }
            } else if kind == "typing" {
                match by {
                    "owner" => yael.say(message).await,
                    "colleague" => ignored(&mut noa, message).await,
                    _ => ignored(&mut ada, message).await,
                }
                // Sent after it on the same connection: the first frame shows whether the typing was delivered.
                let stops =
                    json!({ "type": "typing", "conversation": conversation, "typing": false });
                yael.say(stops).await;
                let frame = until(&mut visitor, |frame| frame["type"] == "agent_typing").await;
                if frame["typing"] == true { YES } else { "no effect" }.to_owned()
            } else {
                let socket = match by {
                    "owner" => &mut yael,
                    "colleague" => &mut noa,
                    _ => &mut ada,
                };
                socket.say(message).await;
                let answer = until(socket, |frame| frame["id"] == kind).await;
                let code = (answer["type"] == "error").then(|| answer["code"].as_str());
                code.flatten().unwrap_or(YES).to_owned()
            };
            if got != expected {
                wrong.push(format!("{kind} by the {by}: {got}, expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends a message without a reply, and waits until it was read.
async fn ignored(socket: &mut Visitor, message: Value) {
    socket.say(message).await;
    socket.say(json!({ "type": "nothing", "id": "after" })).await;
    until(socket, |frame| frame["id"] == "after").await;
}

/// The table of `docs/security.md`.
fn report() -> String {
    let mut text = String::new();
    let cell = |outcomes: &ByOrigin| {
        let [same, foreign, none] = outcomes;
        if same == foreign && foreign == none {
            (*same).to_owned()
        } else {
            format!("{same} / {foreign} / {none}")
        }
    };
    let _ = writeln!(
        text,
        "A cell has the outcome for a page of this server / a page of an origin that the settings do not name / a \
         program without `Origin`, or one outcome for all three. `yes` reaches the handler; anything else is the code \
         of the refusal.\n\n| access | anonymous | visitor | agent | admin | admin token |\n|---|---|---|---|---|---|"
    );
    for access in ACCESSES {
        let cells: Vec<String> = access.outcomes.iter().map(cell).collect();
        let _ = writeln!(text, "| {} | {} |", access.name, cells.join(" | "));
    }
    let _ = writeln!(text, "\n| access | routes |\n|---|---|");
    for access in ACCESSES {
        let of_access = rows().into_iter().filter(|row| row.access.name == access.name);
        let routes: Vec<String> =
            of_access.map(|row| format!("`{} {}`", row.method, row.path)).collect();
        let _ = writeln!(text, "| {} | {} |", access.name, routes.join(", "));
    }
    let _ = writeln!(
        text,
        "\nMessages of the agent socket. The row `GET /ws/agent` above shows who may open it. `no effect` is ignored \
         without a reply.\n\n| message | agent who has the conversation | colleague | admin | visitor on `/ws` \
         |\n|---|---|---|---|---|"
    );
    for (kind, cells) in MESSAGES {
        let _ = writeln!(text, "| `{kind}` | {} |", cells.join(" | "));
    }
    text
}

#[test]
fn the_page_on_security_shows_these_rules() {
    const BEGIN: &str = "<!-- Made by tests/promises/authorisation.rs. -->\n";
    const END: &str = "<!-- End of what is made. -->\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark where it begins");
    let (shown, after) = rest.split_once(END).expect("the page has the mark where it ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{}{END}{after}", report())).expect("written");
        return;
    }
    assert_eq!(shown, report(), "UPDATE_DOCS=1 writes it");
}
