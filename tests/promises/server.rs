//! The real `hsc serve`, started for a test and ended with it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::eventually::{PATIENCE, eventually, in_time};
use crate::process;
use crate::shop::Shop;
use crate::visitor::Visitor;

/// The admin token of these servers, unless a test sets another one. At least 32 characters.
pub(crate) const ADMIN_TOKEN: &str = "the-admin-token-of-these-promises";

/// A server of one test.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    pub(crate) shop: Shop,
    printed: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Server {
    /// With the default settings except for the port and the catalog.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these additional settings, each a key as in `server.port`, and its value.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::of(Shop::new(), settings).await
    }

    /// Of this shop, with these settings.
    pub(crate) async fn of(shop: Shop, settings: &[(&str, &str)]) -> Self {
        Self::run(hsc(), shop, settings).await
    }

    /// Of the previous release: the binary of HSC_PREVIOUS, else this one.
    pub(crate) async fn of_previous_release(settings: &[(&str, &str)]) -> Self {
        let shop = Shop::new();
        let mut command = previous_release();
        // The previous release uses its own defaults for newer settings, which refer to this folder.
        command.current_dir(shop.dir());
        Self::run(command, shop, settings).await
    }

    /// With at most so many file descriptors, and these settings.
    pub(crate) async fn with_descriptors(descriptors: u32, settings: &[(&str, &str)]) -> Self {
        Self::with_descriptor_limits(descriptors, descriptors, settings).await
    }

    /// With these limits of file descriptors, of which a process may raise the soft one to the hard one.
    pub(crate) async fn with_descriptor_limits(
        soft: u32,
        hard: u32,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_hsc")]);
        clean(&mut command);
        Self::run(command, Shop::new(), settings).await
    }

    /// A server that runs only when the CPU is idle.
    pub(crate) async fn in_the_background(settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("chrt");
        command.args(["--idle", "0"]).arg(hsc().get_program());
        clean(&mut command);
        Self::run(command, Shop::new(), settings).await
    }

    async fn run(mut command: Command, shop: Shop, settings: &[(&str, &str)]) -> Self {
        command.args(["serve", "--config"]).arg(config(&shop));
        command.env(variable("admin.token"), ADMIN_TOKEN);
        // Otherwise each server would load a model that `make model` put into the folder.
        command.env(variable("answers.encoder.enabled"), "false");
        for (key, value) in settings {
            command.env(variable(key), value);
        }
        let log = std::fs::File::create(shop.log_file()).expect("a log file");
        let mut child =
            command.stdout(Stdio::piped()).stderr(log).spawn().expect("the server can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let (prints, mut printed) = tokio::sync::mpsc::unbounded_channel();
        // Read to the end: a closed pipe could disturb the server.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = prints.send(line);
            }
        });
        let line = in_time("the server starts", printed.recv()).await.unwrap_or_default();
        // An object, because the settings select a log in JSON.
        let log_line: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = log_line["address"].as_str().and_then(|it| it.rsplit_once("://"));
        let address = address.and_then(|(_, address)| address.parse().ok());
        let Some(address) = address else {
            panic!("no address in {line:?}; the log says:\n{}", log_of(&shop))
        };
        Self { child, address, shop, printed }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next line that it prints, after the one with its address.
    pub(crate) async fn prints(&mut self) -> String {
        in_time("the server prints", self.printed.recv()).await.expect("another line")
    }

    /// The link that creates the first account, from its file.
    pub(crate) async fn first_link(&self) -> String {
        let file = self.shop.dir().join("first-link");
        let read = || std::fs::read_to_string(&file).unwrap_or_default();
        eventually("the link is in its file", async || read().ends_with('\n')).await;
        read().trim().to_owned()
    }

    /// A visitor's socket.
    pub(crate) async fn visitor(&self) -> Visitor {
        Visitor::to(self.address).await
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.url(path)).send().await.expect("the server answers")
    }

    /// Its response to the bytes of a request, which is the last one of the connection.
    pub(crate) async fn answer_to(&self, request: &[u8]) -> String {
        let answered = async {
            let mut stream = TcpStream::connect(self.address).await.expect("the server accepts");
            stream.write_all(request).await.expect("it is sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("it is read");
            String::from_utf8(answer).expect("it is text")
        };
        in_time("the server answers and closes", answered).await
    }

    /// The response to a request of the operator.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = operator().get(self.url(path)).send().await.expect("the server answers");
        let body = answer.bytes().await.expect("a body");
        serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{path} is not JSON ({error}): {body:?}"))
    }

    /// Injects a fault into an actor: `{"actor": …, "fault": …}`. Returns the status.
    pub(crate) async fn rehearse(&self, rehearsal: Value) -> u16 {
        let response = operator().post(self.url("/admin/chaos")).json(&rehearsal).send().await;
        response.expect("the server answers").status().as_u16()
    }

    /// Every actor of the tree, as shown by `/admin/actors`.
    pub(crate) async fn actors(&self) -> Vec<Value> {
        let mut found = vec![self.json("/admin/actors").await];
        let mut at = 0;
        while at < found.len() {
            let below = found[at]["children"].as_array().expect("children").clone();
            found.extend(below);
            at += 1;
        }
        found
    }

    /// The actor with this name.
    pub(crate) async fn actor(&self, name: &str) -> Value {
        let found = self.actors().await.into_iter().find(|actor| actor["name"] == name);
        found.unwrap_or_else(|| panic!("there is no actor {name}"))
    }

    /// The value of a metric, 0 if it was never counted.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text().await.expect("text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or(0.0)
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = kib.and_then(|kib| kib.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        kib.expect("a size") * 1_024
    }

    pub(crate) fn log(&self) -> String {
        log_of(&self.shop)
    }

    /// Sends a signal: `TERM`, `HUP`, `INT`.
    pub(crate) fn signal(&self, name: &str) {
        process::signal(&self.child, name);
    }

    /// Suspends the process for so long, as an overloaded machine would.
    pub(crate) async fn held_up_for(&self, time: std::time::Duration) {
        self.signal("STOP");
        // No deadline: the elapsed time is the subject of the test.
        tokio::time::sleep(time).await;
        self.signal("CONT");
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the server ends", async || {
            status = self.child.try_wait().expect("the child is ours");
            status.is_some()
        })
        .await;
        status.expect("it ended")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        process::killed(&mut self.child);
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The binary without variables of this environment that would configure it.
pub(crate) fn hsc() -> Command {
    // Another build of it, for measurements.
    let other = std::env::var_os("HSC_BINARY");
    let mut command = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_hsc").into()));
    clean(&mut command);
    command
}

/// The binary of the previous release, which `make test-previous` sets.
pub(crate) fn previous_release() -> Command {
    let Some(previous) = std::env::var_os("HSC_PREVIOUS") else { return hsc() };
    let mut command = Command::new(previous);
    clean(&mut command);
    command
}

fn clean(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("HSC__")
            || matches!(&*name, "REDIS_URL" | "DATABASE_URL" | "GEMINI_API_KEY" | "RUST_LOG")
        {
            command.env_remove(name);
        }
    }
    // The symbols that a backtrace loads stay in memory: with a debug build, more than all the rest.
    command.env("RUST_BACKTRACE", "0");
}

/// The output and the status of a command of `hsc` that ends.
pub(crate) fn run(mut command: Command) -> (ExitStatus, String, String) {
    let std::process::Output { status, stdout, stderr } = process::output("hsc ends", &mut command);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status, text(stdout), text(stderr))
}

/// The file for `--config`: this catalog, any free port, JSON lines.
pub(crate) fn config(shop: &Shop) -> std::path::PathBuf {
    let dir = shop.dir().display();
    // A previous release refuses unknown settings; it runs in the folder of the shop.
    let of_this_release = match std::env::var_os("HSC_PREVIOUS") {
        Some(_) => String::new(),
        None => format!("spill_dir = \"\"\n[identity]\nfirst_link_file = \"{dir}/first-link\"\n"),
    };
    let text = format!(
        "[server]\nport = 0\nworkers = 2\n[catalog]\ndir = \"{dir}\"\n[log]\nformat = \"json\"\n\
         [archive]\npath = \"\"\n{of_this_release}[uploads]\ndir = \"\"\n"
    );
    shop.write("hsc.toml", text.as_bytes());
    shop.dir().join("hsc.toml")
}

/// A client that connects to this machine directly, without the proxy of the environment.
pub(crate) fn client() -> reqwest::Client {
    // A second install is refused and changes nothing: tests share the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().no_gzip().timeout(PATIENCE);
    builder.build().expect("an HTTP client")
}

/// A client that sends [`ADMIN_TOKEN`].
pub(crate) fn operator() -> reqwest::Client {
    let _ = client();
    let bearer = format!("Bearer {ADMIN_TOKEN}").parse().expect("a header");
    let headers = [(reqwest::header::AUTHORIZATION, bearer)].into_iter().collect();
    let builder = reqwest::Client::builder().no_proxy().no_gzip().timeout(PATIENCE);
    let builder = builder.default_headers(headers);
    builder.build().expect("an HTTP client")
}

pub(crate) fn variable(key: &str) -> String {
    format!("HSC__{}", key.to_uppercase().replace('.', "__"))
}

fn log_of(shop: &Shop) -> String {
    std::fs::read_to_string(shop.log_file()).unwrap_or_default()
}
