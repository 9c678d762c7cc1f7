//! A real Redis that a test starts, stops, suspends and restarts.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use hsc_actors::ports::RedisStatus as _;

use crate::eventually::eventually;
use crate::own_address::own_address;
use crate::process;

/// A redis-server with its own address and without persistence. It ends with the test.
pub(crate) struct Redis {
    address: Ipv4Addr,
    dir: tempfile::TempDir,
    child: Option<Child>,
}

impl Redis {
    /// Starts one and waits until it replies.
    pub(crate) async fn start() -> Self {
        let mut redis = Self::not_started();
        redis.heal().await;
        redis
    }

    /// An unavailable one: its address is known and no server is running.
    pub(crate) fn not_started() -> Self {
        Self { address: own_address(), dir: tempfile::tempdir().expect("a folder"), child: None }
    }

    /// Its URL, for `REDIS_URL`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}:6379/", self.address)
    }

    /// Kills it; all its data is lost.
    pub(crate) fn cut(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::killed(&mut child);
        }
    }

    /// Restarts it, empty, at the same address.
    pub(crate) async fn heal(&mut self) {
        self.cut();
        let address = self.address.to_string();
        let child = Command::new("redis-server")
            .args(["--port", "6379", "--bind", &address, "--save", "", "--appendonly", "no"])
            .args(["--loglevel", "warning", "--dir"])
            .arg(self.dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed (`.ci/need redis`)");
        self.child = Some(child);
        let url = self.url();
        eventually("Redis answers", async || ask(&url, &["PING"]).await.is_ok()).await;
    }

    /// Suspends it: it keeps its connections and sends no replies, until [`Redis::go_on`].
    pub(crate) fn hold(&self) {
        self.signal("STOP");
    }

    /// Continues it.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    /// Runs a command and returns the reply as text.
    pub(crate) async fn ask(&self, command: &[&str]) -> String {
        let answer = ask(&self.url(), command).await.expect("Redis answers");
        format!("{answer:?}")
    }

    /// A connection that stays logged in when the password changes.
    pub(crate) async fn admin(&self) -> RedisAdmin {
        let client = redis::Client::open(self.url()).expect("an address");
        RedisAdmin(client.get_multiplexed_async_connection().await.expect("Redis answers"))
    }

    fn signal(&self, name: &str) {
        process::signal(self.child.as_ref().expect("it runs"), name);
    }
}

/// A connection that was opened before Redis had a password.
pub(crate) struct RedisAdmin(redis::aio::MultiplexedConnection);

impl RedisAdmin {
    pub(crate) async fn ask(&mut self, command: &[&str]) {
        let mut cmd = redis::cmd(command[0]);
        for argument in &command[1..] {
            cmd.arg(argument);
        }
        cmd.query_async::<redis::Value>(&mut self.0).await.expect("Redis does it");
    }

    /// Every other client has to log in again.
    pub(crate) async fn disconnect_all(&mut self) {
        for kind in ["normal", "pubsub"] {
            self.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
        }
    }
}

async fn ask(url: &str, command: &[&str]) -> redis::RedisResult<redis::Value> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let mut cmd = redis::cmd(command[0]);
    for argument in &command[1..] {
        cmd.arg(argument);
    }
    cmd.query_async(&mut connection).await
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.cut();
    }
}

pub(crate) fn link_to(redis: &Redis) -> hsc::pods::Link {
    let settings = hsc_config::Settings::load(None, std::iter::empty()).expect("the defaults");
    let mut settings = settings.redis;
    settings.url = redis.url().as_str().into();
    hsc::pods::Link::connect(&settings).expect("an address")
}

#[actix_web::test]
async fn the_link_reports_an_unavailable_redis_and_reconnects() {
    let mut redis = Redis::not_started();
    let link = link_to(&redis);
    let ping = async || link.command::<String>(redis::cmd("PING")).await;
    assert!(ping().await.is_err());
    redis.heal().await;
    eventually("the link is up", async || ping().await.is_ok()).await;
    redis.cut();
    eventually("the link is down", async || !link.is_up()).await;
    redis.heal().await;
    eventually("the link is up again", async || ping().await.is_ok()).await;
}

#[actix_web::test]
async fn a_redis_that_does_not_answer_is_unavailable_until_it_does() {
    let redis = Redis::start().await;
    let link = link_to(&redis);
    eventually("the link is up", async || link.is_up()).await;
    redis.hold();
    eventually("the link is down", async || !link.is_up()).await;
    redis.go_on();
    eventually("the link is up again", async || link.is_up()).await;
    assert!(redis.ask(&["INFO", "clients"]).await.contains("connected_clients"));
}
