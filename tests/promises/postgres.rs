//! A real PostgreSQL that a test starts, stops, suspends and restarts.

use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::{Connection as _, Row as _};

use crate::authority::certificate_of_authority;
use crate::eventually::{eventually, in_time};
use crate::own_address::own_address;
use crate::process::{self, succeeds};

/// A server with its own address, its files in a temporary folder. It ends with the test.
pub(crate) struct Postgres {
    address: Ipv4Addr,
    dir: tempfile::TempDir,
    child: Option<Child>,
    /// Certificate and key are in its folder, and it accepts TLS only.
    has_tls: bool,
}

impl Postgres {
    /// Starts one and waits until it accepts connections.
    pub(crate) async fn start() -> Self {
        let mut postgres = Self::not_started();
        postgres.heal().await;
        postgres
    }

    /// An unavailable one: its address is known and no server is running.
    pub(crate) fn not_started() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        // It refuses to run as root and needs to own its folder.
        own(dir.path());
        let mut initdb = postgres_command("initdb");
        initdb
            .args(["--username=hsc", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "--pgdata"])
            .arg(dir.path().join("data"));
        succeeds("initdb", &mut initdb);
        Self { address: own_address(), dir, child: None, has_tls: false }
    }

    /// Starts one that accepts TLS only, with a certificate of a private authority; returns the authority's file too.
    pub(crate) async fn with_tls() -> (Self, PathBuf) {
        let mut postgres = Self::not_started();
        postgres.has_tls = true;
        let data = postgres.dir.path().join("data");
        certificate_of_authority(&data, "server", postgres.address.into());
        std::fs::write(data.join("pg_hba.conf"), "hostssl all all 0.0.0.0/0 trust\n")
            .expect("it is written");
        for file in ["server.crt", "server.key", "pg_hba.conf"] {
            own(&data.join(file));
        }
        postgres.heal().await;
        let authority = data.join("ca.crt");
        (postgres, authority)
    }

    /// Its URL, for `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The URL of one of its databases.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let mode = if self.has_tls { "require" } else { "disable" };
        format!("postgres://hsc@{}:5432/{database}?sslmode={mode}", self.address)
    }

    /// Creates a database and returns its URL.
    pub(crate) async fn database(&self, name: &str) -> String {
        let made = async {
            let mut connection = connect(&self.url()).await.expect("it answers");
            let made = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")));
            made.execute(&mut connection).await.expect("a database");
        };
        in_time("a database is created", made).await;
        self.url_of(name)
    }

    /// A connection to its default database.
    pub(crate) async fn connection(&self) -> sqlx::PgConnection {
        in_time("PostgreSQL is connected", connect(&self.url())).await.expect("it answers")
    }

    /// Runs these statements.
    pub(crate) async fn execute(&self, statements: &str) {
        let mut connection = self.connection().await;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection);
        in_time("the statements are executed", done).await.expect("they are SQL");
    }

    /// The result of this query, a BIGINT.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let mut connection = self.connection().await;
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_one(&mut connection);
        in_time("the query is answered", row).await.expect("it is SQL").get(0)
    }

    /// Suspends all its processes: connections open and stay open, and get no replies.
    pub(crate) fn hang(&self) {
        self.signal_all("STOP");
    }

    /// Continues them.
    pub(crate) fn resume(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        process::signal(child, name);
        for process in children_of(child.id()) {
            // A process that has ended meanwhile needs no signal.
            let mut kill = Command::new("kill");
            process::output("kill", kill.arg(format!("-{name}")).arg(process.to_string()));
        }
    }

    /// Kills it, as a machine failure would. Committed data is there after a restart.
    pub(crate) fn cut(&mut self) {
        if self.child.is_some() {
            self.resume();
        }
        if let Some(mut child) = self.child.take() {
            process::signal(&child, "QUIT");
            process::ended("PostgreSQL stops", &mut child);
        }
    }

    /// Restarts it at the same address.
    pub(crate) async fn heal(&mut self) {
        self.cut();
        let child = postgres_command("postgres")
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args(["-p", "5432", "-h", &self.address.to_string(), "-k", "", "-F"])
            .args(["-c", "max_connections=100"])
            .args(["-c", if self.has_tls { "ssl=on" } else { "ssl=off" }])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres is installed (`.ci/need postgres`)");
        self.child = Some(child);
        let url = self.url();
        eventually("PostgreSQL answers", async || connect(&url).await.is_ok()).await;
    }
}

/// Its child processes.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("the system lists its processes").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name in parentheses may have spaces; after it come the state and the parent.
        let parent_of = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        parent_of.and_then(|id| id.parse().ok()) == Some(parent)
    };
    ids.filter(is_child).collect()
}

async fn connect(url: &str) -> sqlx::Result<sqlx::PgConnection> {
    sqlx::PgConnection::connect(url).await
}

/// Makes the user of the database the owner of a file, readable by that user only.
fn own(file: &Path) {
    if is_root() {
        succeeds("chown to the user postgres", Command::new("chown").arg("postgres").arg(file));
    }
}

/// A program of PostgreSQL, run as a user that is not root.
fn postgres_command(program: &str) -> Command {
    of_its_user(&programs().join(program))
}

/// A program, run as a user that is not root.
fn of_its_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    // Replaces this process, so that our child is the server itself.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    // It cannot read our folder, and would look into its working directory.
    command.current_dir("/");
    command
}

/// Debian's folder for programs that are not in PATH: that of the newest version.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|version| version.path().join("bin")).max();
    newest.expect("postgresql is installed (`.ci/need postgres`)")
}

fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0)
}

/// A real PgBouncer in transaction mode in front of a server. A client gets another connection with each transaction.
pub(crate) struct PgBouncer {
    address: Ipv4Addr,
    child: Child,
    _dir: tempfile::TempDir,
}

impl PgBouncer {
    /// Starts one and waits until it accepts connections.
    pub(crate) async fn before(postgres: &Postgres) -> Self {
        let (dir, address) = (tempfile::tempdir().expect("a folder"), own_address());
        let settings = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nlisten_addr = {address}\nlisten_port = 6432\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 3\nserver_round_robin = 1\nmax_client_conn = 500\n\
             ignore_startup_parameters = extra_float_digits\n",
            postgres.address,
            dir.path().join("users").display(),
        );
        std::fs::write(dir.path().join("users"), "\"hsc\" \"\"\n").expect("it is written");
        std::fs::write(dir.path().join("pgbouncer.ini"), settings).expect("it is written");
        own(dir.path());
        let mut command = of_its_user(Path::new("/usr/sbin/pgbouncer"));
        command.arg("-q").arg(dir.path().join("pgbouncer.ini"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("pgbouncer is installed (`.ci/need postgres`)");
        let bouncer = Self { address, child, _dir: dir };
        let url = bouncer.url_of("postgres");
        eventually("PgBouncer answers", async || connect(&url).await.is_ok()).await;
        bouncer
    }

    /// The URL of a database behind it.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://hsc@{}:6432/{database}?sslmode=disable", self.address)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        process::killed(&mut self.child);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.cut();
    }
}
