//! Every form of Redis that `REDIS_URL` can name: over TLS, with user and password, behind Sentinels, as
//! a Cluster. The tests start a real one of each.

use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use hsc::pods::{Link, RedisRelay};
use hsc_actors::ports::{RedisStatus as _, Relay};
use hsc_config::RedisSettings;
use serde_json::json;

use crate::authority::certificate_of_authority;
use crate::eventually::eventually;
use crate::own_address::own_address;
use crate::process;
use crate::redis::Redis;
use crate::relay_contract::{Reader, publish};
use crate::server::{Server, operator};
use crate::shop::LIGHT;

/// A redis-server with its own settings; ends with the test.
struct Process {
    child: Child,
    address: SocketAddrV4,
}

impl Process {
    /// With these arguments, in this folder.
    fn start(dir: &Path, address: SocketAddrV4, arguments: &[&str]) -> Self {
        let child = Command::new("redis-server")
            .args(arguments)
            .args(["--bind", &address.ip().to_string(), "--loglevel", "warning", "--dir"])
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server is installed (`.ci/need redis`)");
        Self { child, address }
    }

    /// A standalone one, with these additional arguments.
    fn plain(dir: &Path, address: SocketAddrV4, arguments: &[&str]) -> Self {
        let number = address.port().to_string();
        let mut all = vec!["--port", &number, "--save", "", "--appendonly", "no"];
        all.extend_from_slice(arguments);
        Self::start(dir, address, &all)
    }

    async fn answers(&self) {
        eventually("it answers", async || self.says(&["PING"]).contains("PONG")).await;
    }

    /// The output of redis-cli.
    fn says(&self, command: &[&str]) -> String {
        cli(self.address, command)
    }

    fn kill(&mut self) {
        process::killed(&mut self.child);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn cli(address: SocketAddrV4, command: &[&str]) -> String {
    let mut redis_cli = Command::new("redis-cli");
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    redis_cli.args(["-h", &host, "-p", &port]).args(command);
    let output = process::output("redis-cli (`.ci/need redis`)", &mut redis_cli);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The address of a Redis that no other test uses.
fn redis_address() -> SocketAddrV4 {
    SocketAddrV4::new(own_address(), 6379)
}

fn settings(url: &str) -> RedisSettings {
    let settings = hsc_config::Settings::load(None, std::iter::empty()).expect("the defaults");
    RedisSettings { url: url.into(), ..settings.redis }
}

/// Writes a key and reads it back, as soon as that succeeds.
async fn keeps(link: &Link, key: &str) {
    eventually("a key is written", async || {
        let mut set = redis::cmd("SET");
        set.arg(key).arg("kept");
        link.command::<()>(set).await.is_ok()
    })
    .await;
    let mut get = redis::cmd("GET");
    get.arg(key);
    assert_eq!(link.command::<String>(get).await.expect("it is read"), "kept");
}

/// Sends a message to itself through Redis.
async fn relays(settings: &RedisSettings) -> (Arc<dyn Relay>, Reader) {
    let relay: Arc<dyn Relay> = Arc::new(RedisRelay::new(settings).expect("an address"));
    relay.change_subscriptions(vec!["a".to_owned(), "b".to_owned()], Vec::new());
    let mut reader = Reader::of(&relay);
    reader.until_up().await;
    publish(&relay, "b", "hello").await;
    assert_eq!(reader.message().await, ("b".to_owned(), "hello".to_owned()));
    (relay, reader)
}

/// A whole server on it: visitors chat, the pods list each other, and the log has no warning.
async fn serves(url: &str) {
    let (one, two) =
        (Server::with(&[("redis.url", url)]).await, Server::with(&[("redis.url", url)]).await);
    for server in [&one, &two] {
        eventually("it is healthy", async || {
            let health = server.json("/health").await;
            health["status"] == "healthy" && health["redis_connected"] == true
        })
        .await;
    }
    let mut visitor = one.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    assert_eq!(visitor.receive().await["type"], "welcome");
    let question = "How do I replace the fuse?";
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    let answer = visitor.receive_answer().await;
    assert!(answer.iter().any(|message| message["offset"].is_u64()), "{answer:?}");
    eventually("the pods know each other", async || {
        one.json("/admin/pods").await["pods"].as_array().map(Vec::len) == Some(2)
    })
    .await;
    let notice = json!({ "message": "Hello." });
    let announced = operator().post(two.url("/admin/broadcast")).json(&notice).send().await;
    let announced = announced.expect("the server answers").text().await.expect("text");
    assert!(announced.contains("\"other_pods\":\"told\""), "{announced}");
    assert_eq!(visitor.receive().await["message"], "Hello.");
    for server in [&one, &two] {
        let log = server.log();
        let warning = log.lines().find(|line| line.contains("WARN") || line.contains("ERROR"));
        assert_eq!(warning, None);
    }
}

#[tokio::test]
async fn over_tls_redis_is_trusted_only_with_the_configured_authority() {
    let dir = tempfile::tempdir().expect("a folder");
    let address = redis_address();
    certificate_of_authority(dir.path(), "redis", (*address.ip()).into());
    let number = address.port().to_string();
    let _redis = Process::start(
        dir.path(),
        address,
        &[
            "--port",
            "0",
            "--tls-port",
            &number,
            "--tls-cert-file",
            "redis.crt",
            "--tls-key-file",
            "redis.key",
            "--tls-auth-clients",
            "no",
            "--save",
            "",
        ],
    );
    let url = format!("rediss://{address}");
    let ca_file = dir.path().join("ca.crt").display().to_string();
    let ours = RedisSettings { ca_file, ..settings(&url) };
    let link = Link::connect(&ours).expect("an address");
    keeps(&link, "over-tls").await;
    relays(&ours).await;

    // No public authority has signed it, so the connection is refused.
    let stranger = Link::connect(&settings(&url)).expect("an address");
    keeps(&link, "while the other one tries").await;
    assert!(!stranger.is_up());
    let refused = RedisSettings { ca_file: "/nowhere.pem".to_owned(), ..settings(&url) };
    let refused = Link::connect(&refused).err().expect("there is no such file");
    let message = refused.to_string();
    assert!(message.contains("redis.ca_file = /nowhere.pem"), "{message}");
}

#[tokio::test]
async fn the_link_logs_in_with_user_password_and_database_and_needs_only_its_own_keys() {
    let dir = tempfile::tempdir().expect("a folder");
    let address = redis_address();
    // The settings that docs/operations/scale.md recommends.
    let may = "~hsc:* &hsc:* +@all -@admin -@dangerous +info";
    let users = format!("user default off\nuser shop on >p@ss:w/rd {may}\n");
    std::fs::write(dir.path().join("users.acl"), users).expect("it is written");
    let _redis = Process::plain(dir.path(), address, &["--aclfile", "users.acl"]);
    let url = format!("redis://shop:p%40ss%3Aw%2Frd@{address}/3");
    let ours = settings(&url);
    let link = Link::connect(&ours).expect("an address");
    keeps(&link, "hsc:kept").await;
    relays(&ours).await;
    let here =
        cli(address, &["--user", "shop", "--pass", "p@ss:w/rd", "-n", "3", "GET", "hsc:kept"]);
    assert!(here.contains("kept"), "it is in the database of the address: {here}");
    serves(&url).await;
}

#[tokio::test]
async fn behind_sentinels_the_link_follows_the_master() {
    let dir = tempfile::tempdir().expect("a folder");
    let [one, two, watcher] = std::array::from_fn(|_| redis_address());
    let mut master = Process::plain(dir.path(), one, &[]);
    let follow = format!("{} {}", one.ip(), one.port());
    let replica = Process::plain(
        dir.path(),
        two,
        &[
            "--replicaof",
            &follow,
            "--replica-announce-ip",
            &two.ip().to_string(),
            "--repl-diskless-sync-delay",
            "0",
            "--repl-ping-replica-period",
            "1",
        ],
    );
    master.answers().await;
    replica.answers().await;
    eventually("the replica follows", async || {
        replica.says(&["INFO", "replication"]).contains("master_link_status:up")
    })
    .await;
    let file = dir.path().join("sentinel.conf");
    let rules = format!(
        "port {}\nsentinel monitor shop {} {} 1\nsentinel down-after-milliseconds shop 500\n\
         sentinel failover-timeout shop 3000\n",
        watcher.port(),
        one.ip(),
        one.port()
    );
    std::fs::write(&file, rules).expect("it is written");
    let file = file.display().to_string();
    let sentinel = Process::start(dir.path(), watcher, &[&file, "--sentinel"]);
    sentinel.answers().await;
    eventually("the Sentinel knows the replica", async || {
        sentinel.says(&["SENTINEL", "replicas", "shop"]).contains(&two.ip().to_string())
    })
    .await;

    // The first of the two is unavailable: the other one is used.
    let nobody = redis_address();
    let ours = settings(&format!("redis+sentinel://{nobody},{watcher}/shop/0"));
    let link = Link::connect(&ours).expect("an address");
    keeps(&link, "before").await;
    let (relay, mut reader) = relays(&ours).await;
    master.kill();
    eventually("the replica is master", async || {
        replica.says(&["INFO", "replication"]).contains("role:master")
    })
    .await;
    keeps(&link, "after").await;
    assert!(replica.says(&["GET", "after"]).contains("kept"), "it was written to the new master");
    reader.until_up().await;
    publish(&relay, "a", "after").await;
    assert_eq!(reader.message().await, ("a".to_owned(), "after".to_owned()));
}

/// Three nodes without replicas.
struct Cluster {
    nodes: Vec<Process>,
    addresses: Vec<String>,
    _dirs: Vec<tempfile::TempDir>,
}

impl Cluster {
    async fn start() -> Self {
        let own: [SocketAddrV4; 3] = std::array::from_fn(|_| redis_address());
        let mut dirs = Vec::new();
        let mut nodes = Vec::new();
        for address in own {
            let dir = tempfile::tempdir().expect("a folder");
            let ip = address.ip().to_string();
            let clustered = [
                "--cluster-enabled",
                "yes",
                "--cluster-announce-ip",
                &ip,
                "--bind-source-addr",
                &ip,
                "--cluster-node-timeout",
                "2000",
            ];
            nodes.push(Process::plain(dir.path(), address, &clustered));
            dirs.push(dir);
        }
        for node in &nodes {
            node.answers().await;
        }
        let addresses: Vec<String> = own.iter().map(SocketAddrV4::to_string).collect();
        let mut create = vec!["--cluster", "create"];
        create.extend(addresses.iter().map(String::as_str));
        create.push("--cluster-yes");
        let made = nodes[0].says(&create);
        assert!(made.contains("All 16384 slots covered"), "{made}");
        for node in &nodes {
            eventually("the Cluster stands", async || {
                node.says(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
            })
            .await;
        }
        Self { nodes, addresses, _dirs: dirs }
    }
}

#[tokio::test]
async fn in_a_cluster_keys_are_stored_on_their_nodes_and_messages_reach_every_node() {
    let Cluster { nodes, addresses, _dirs } = Cluster::start().await;
    let seeds = addresses[..2].join(",");
    let ours = settings(&format!("redis+cluster://{seeds}"));
    let link = Link::connect(&ours).expect("an address");
    for key in ["a", "b", "c", "d", "e", "f"] {
        keeps(&link, key).await;
    }
    let written: Vec<bool> =
        nodes.iter().map(|node| !node.says(&["DBSIZE"]).starts_with('0')).collect();
    assert_eq!(written, [true, true, true], "keys are on every node");

    // One subscribes through one node and the other publishes through another.
    let (_listener, mut reader) = relays(&ours).await;
    let other = settings(&format!("redis+cluster://{}", addresses[2]));
    let publisher: Arc<dyn Relay> = Arc::new(RedisRelay::new(&other).expect("an address"));
    let mut up = Reader::of(&publisher);
    up.until_up().await;
    for number in 0..100 {
        publish(&publisher, "a", &number.to_string()).await;
    }
    for number in 0..100 {
        assert_eq!(reader.message().await, ("a".to_owned(), number.to_string()));
    }
    // Messages that a script publishes, as the log does, arrive too, on whichever node its key is.
    for key in ["a", "b", "c"] {
        let script = "return redis.call('PUBLISH', ARGV[1], KEYS[1])";
        let channel = link.channel("b");
        let ran: i64 = link
            .run(|mut connection| async move {
                redis::Script::new(script).key(key).arg(channel).invoke_async(&mut connection).await
            })
            .await
            .expect("the script runs");
        assert!((0..=1).contains(&ran));
        assert_eq!(reader.message().await, ("b".to_owned(), key.to_owned()));
    }
    serves(&format!("redis+cluster://{seeds}")).await;
}

#[tokio::test]
async fn a_redis_that_refuses_writes_is_detected_and_still_read() {
    let redis = Redis::start().await;
    let link = Link::connect(&settings(&redis.url())).expect("an address");
    keeps(&link, "kept").await;
    assert_eq!(link.refuses_writes(), None);
    for (spoil, mend, why) in [
        (
            vec!["CONFIG", "SET", "maxmemory", "1"],
            vec!["CONFIG", "SET", "maxmemory", "0"],
            "its memory is full",
        ),
        (vec!["REPLICAOF", "127.0.0.1", "1"], vec!["REPLICAOF", "NO", "ONE"], "it is a replica"),
    ] {
        redis.ask(&spoil).await;
        eventually(why, async || link.refuses_writes() == Some(why)).await;
        let mut get = redis::cmd("GET");
        get.arg("kept");
        assert_eq!(link.command::<String>(get).await.expect("it is read"), "kept", "{why}");
        redis.ask(&mend).await;
        eventually("it takes writes again", async || link.refuses_writes().is_none()).await;
        keeps(&link, "again").await;
    }
}
