//! A browser of a team member: it stores cookies as browsers do, and sends the origin of its page.

use std::io::Write as _;
use std::process::Stdio;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::eventually::PATIENCE;
use crate::process::finished;
use crate::server::{Server, config, hsc, variable};
use crate::shop::Shop;

/// A valid password.
pub(crate) const PASSWORD: &str = "a tame yak sat over";

/// A team member with the cookies of a browser.
pub(crate) struct Member {
    client: reqwest::Client,
    server: String,
    origin: Option<String>,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) csrf: String,
}

impl Member {
    /// With a page of the server open.
    pub(crate) fn of(server: &Server) -> Self {
        Self::at(server, [127, 0, 0, 1])
    }

    /// The same from another address of this machine: any of 127.0.0.0/8 is local.
    pub(crate) fn at(server: &Server, address: [u8; 4]) -> Self {
        // A second install is refused and changes nothing: tests share the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .local_address(std::net::IpAddr::from(address))
            .build()
            .expect("an HTTP client");
        let address = server.url("");
        let origin = Some(address.clone());
        Self { client, server: address, origin, cookies: Vec::new(), csrf: String::new() }
    }

    /// With a page of another origin open, or none.
    pub(crate) fn on_page_of(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(str::to_owned);
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.send(reqwest::Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Response {
        let csrf = self.csrf.clone();
        self.send(reqwest::Method::POST, path, Some(body), &[("x-csrf-token", &csrf)]).await
    }

    pub(crate) async fn send(
        &mut self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Response {
        let changes = method != reqwest::Method::GET;
        let mut request = self.client.request(method, format!("{}{path}", self.server));
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        // Browsers send the origin with every method except GET.
        if let Some(origin) = self.origin.as_ref().filter(|_| changes) {
            request = request.header("origin", origin);
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the server answers");
        self.keep(&response);
        response
    }

    fn keep(&mut self, response: &Response) {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (pair, rest) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.retain(|(stored_name, _)| stored_name != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Signs in, and stores what its page has to send.
    pub(crate) async fn sign_in(&mut self, address: &str, password: &str) -> Response {
        let body = json!({ "address": address, "password": password });
        let response = self.post("/api/sign-in", body).await;
        if response.status() == StatusCode::OK {
            let me = self.get("/api/me").await;
            assert_eq!(me.status(), 200);
            let me = json_of(me).await;
            self.csrf = me["csrf"].as_str().expect("a token").to_owned();
        }
        response
    }
}

pub(crate) async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

/// The error code of a response.
pub(crate) async fn code_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = json_of(response).await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// The archive file of this shop.
pub(crate) fn archive_of(shop: &Shop) -> String {
    shop.dir().join("archive.sqlite").display().to_string()
}

/// Runs `hsc user …` over the archive of this shop; returns its output and whether it succeeded.
pub(crate) fn user(shop: &Shop, arguments: &[&str], says: &str) -> (bool, String) {
    user_in(shop, ("archive.path", &archive_of(shop)), arguments, says)
}

/// The same over the archive of this setting.
fn user_in(
    shop: &Shop,
    (key, archive): (&str, &str),
    arguments: &[&str],
    says: &str,
) -> (bool, String) {
    let mut command = hsc();
    command.arg("user").args(arguments).arg("--config").arg(config(shop));
    command.env(variable(key), archive);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("hsc runs");
    // A command that refuses before it reads has closed the pipe.
    let _ = child.stdin.take().expect("piped").write_all(says.as_bytes());
    let done = finished("hsc user ends", child);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (done.status.success(), text(done.stdout) + &text(done.stderr))
}

/// A server with an admin `ada@example.test` and an agent `yael@example.test`, both with [`PASSWORD`].
pub(crate) async fn with_team(settings: &[(&str, &str)]) -> Server {
    let shop = Shop::new();
    let path = archive_of(&shop);
    with_team_in(shop, ("archive.path", &path), settings).await
}

/// The same of this shop, over the archive of a setting.
pub(crate) async fn with_team_in(
    shop: Shop,
    archive: (&str, &str),
    settings: &[(&str, &str)],
) -> Server {
    for (address, role) in [("ada@example.test", "admin"), ("yael@example.test", "agent")] {
        let (done, printed) =
            user_in(&shop, archive, &["add", address, "--role", role], &format!("{PASSWORD}\n"));
        assert!(done, "{printed}");
    }
    let mut all = vec![archive];
    all.extend_from_slice(settings);
    Server::of(shop, &all).await
}
