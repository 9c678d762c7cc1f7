//! `hsc user`: account management on the server's machine.

use std::fs::Permissions;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hsc_actors::ports::archive::{Account, Accounts as _, Role};
use hsc_actors::ports::{NewAccount, Staff as _, StaffChange};
use hsc_config::Settings;
use hsc_monitoring::logging::announce;
use strum::VariantNames as _;

use super::archive;
use crate::archive::Store;
use crate::identity::Team;
use crate::outbound::OutboundTls;
use crate::server::public_url;

/// Longest line that is read as a password; longer than any valid one.
const LONGEST_LINE: u64 = 4_096;

/// Arguments of `hsc user`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    does: Does,
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Does {
    /// Add an account. The password is read from the terminal or from standard input.
    Add {
        /// Email address to sign in with.
        address: String,
        /// Name that colleagues and visitors see; default: the part of the address before the @.
        #[arg(long)]
        name: Option<String>,
        /// Role of the account.
        #[arg(long, default_value = "agent", value_parser = role_words())]
        role: Role,
    },
    /// List all accounts.
    List,
    /// Disable an account and sign it out everywhere.
    Disable {
        /// Email address of the account.
        address: String,
    },
    /// Enable a disabled account.
    Enable {
        /// Email address of the account.
        address: String,
    },
    /// Set a new password, sign the account out everywhere, and unlock it.
    Password {
        /// Email address of the account.
        address: String,
    },
    /// Make a link that creates the first account, on a terminal or in a private file; older links are void.
    FirstLink {
        /// File for the link if standard output is no terminal; default: identity.first_link_file.
        #[arg(long, value_name = "FILE")]
        file: Option<String>,
    },
    /// Unlock an account: forget its failed sign-ins on all pods.
    Unlock {
        /// Email address of the account.
        address: String,
    },
}

/// The words of the roles, which the help lists.
fn role_words() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::VARIANTS).map(|word| word.parse().expect("one of the words"))
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
    anyhow::ensure!(
        !settings.archive.path.is_empty() || settings.archive.url.reveal().is_some(),
        "accounts are kept in the archive, and archive.path is empty: it would be gone with this command"
    );
    actix_web::rt::System::new().block_on(async {
        let store = Arc::new(Store::new(&settings.archive)?);
        // The audit entry is written before the command reports success.
        let accounts = Arc::clone(&store) as _;
        let tls = OutboundTls::new(&settings.outbound.ca_file)?;
        let auditor = Arc::new(|_| {});
        let team = Team::new(&settings.identity, &settings.admin, accounts, auditor, &tls)?;
        let done = does(&store, &team, &settings, args.does).await;
        drop(team);
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn does(store: &Store, team: &Team, settings: &Settings, does: Does) -> anyhow::Result<()> {
    match does {
        Does::FirstLink { file } => first_link(team, settings, file).await?,
        Does::Add { address, name, role } => {
            let name =
                name.unwrap_or_else(|| address.split('@').next().unwrap_or_default().to_owned());
            let newcomer = NewAccount { name, address, role, password: password()? };
            let account = team.add(newcomer).await?;
            note(store, "account.add", &account).await?;
            println!("{} is {} now", account.address, account.role.as_str());
        }
        Does::List => {
            let accounts = team.all().await?;
            if accounts.is_empty() {
                println!("there is no account; hsc user add makes one");
            }
            for account in accounts {
                println!("{}", line(&account));
            }
        }
        Does::Disable { address } => {
            let change = StaffChange { is_disabled: Some(true), ..StaffChange::default() };
            let done = ("account.disable", "may not sign in any more");
            changed(store, team, &address, change, done).await?;
        }
        Does::Enable { address } => {
            let change = StaffChange { is_disabled: Some(false), ..StaffChange::default() };
            changed(store, team, &address, change, ("account.enable", "may sign in again")).await?;
        }
        Does::Password { address } => {
            // Before the prompt: an unknown account fails before the password is typed.
            known(store, &address).await?;
            let change = StaffChange { password: Some(password()?), ..StaffChange::default() };
            let done = ("account.password", "has a new password");
            changed(store, team, &address, change, done).await?;
        }
        Does::Unlock { address } => {
            let change = StaffChange { unlock: true, ..StaffChange::default() };
            changed(store, team, &address, change, ("account.unlock", "is unlocked")).await?;
        }
    }
    Ok(())
}

async fn first_link(team: &Team, settings: &Settings, file: Option<String>) -> anyhow::Result<()> {
    let token = team.first_link(true).await?;
    let token = token.context("there is an account; its admin or hsc user add makes others")?;
    let server = &settings.server;
    let scheme = if server.tls.cert.is_empty() { "http" } else { "https" };
    let host = server.host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let url = public_url(&server.public_url, scheme, SocketAddr::new(host, server.port));
    let file = file.unwrap_or_else(|| settings.identity.first_link_file.clone());
    anyhow::ensure!(
        !file.is_empty() || std::io::stdout().is_terminal(),
        "standard output is no terminal and may be stored as a log; --file names a file for the link"
    );
    Ok(deliver_first_link(&crate::server::first_link(&url, &token), &file)?)
}

async fn known(store: &Store, address: &str) -> anyhow::Result<Account> {
    let found = store.by_address(address.trim()).await?;
    found.with_context(|| format!("there is no account {address}; hsc user list shows all"))
}

async fn changed(
    store: &Store,
    team: &Team,
    address: &str,
    change: StaffChange,
    (audited_as, printed): (&str, &str),
) -> anyhow::Result<()> {
    let known = known(store, address).await?;
    let account = team.change(&known.id, change).await?;
    note(store, audited_as, &account).await?;
    println!("{} {printed}", account.address);
    Ok(())
}

async fn note(store: &Store, action: &str, account: &Account) -> anyhow::Result<()> {
    archive::audit(store, action, &account.id, account.role.as_str()).await
}

fn line(account: &Account) -> String {
    let way = match (&account.password_hash, &account.subject) {
        (Some(_), Some(_)) => "password, OpenID",
        (Some(_), None) => "password",
        (None, _) => "OpenID",
    };
    let disabled = if account.is_disabled { ", disabled" } else { "" };
    format!("{}  {}  {} ({way}{disabled})", account.address, account.role.as_str(), account.name)
}

/// The password: read twice from a terminal, else the first line of standard input. Never an argument:
/// arguments appear in the process list and in the shell history.
fn password() -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        let password = rpassword::prompt_password("Password: ")?;
        let again = rpassword::prompt_password("Again: ")?;
        anyhow::ensure!(password == again, "the two are not the same");
        return Ok(password);
    }
    let mut line = String::new();
    std::io::stdin().lock().take(LONGEST_LINE).read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "standard input has no password");
    Ok(password.to_owned())
}

/// Prints the link that creates the first account to a terminal, else writes it into a file that its owner alone can
/// read and prints where that is: whatever else a process prints may be stored as a log.
pub(super) fn deliver_first_link(link: &str, file: &str) -> io::Result<()> {
    let mut out = io::stdout();
    if out.is_terminal() {
        return writeln!(
            out,
            "There is no account yet. This link makes the first one, an admin, once: {link}"
        );
    }
    if file.is_empty() {
        let text = "There is no account yet. `hsc user first-link` on a terminal prints a link that makes the first one";
        announce(text, ("command", "hsc user first-link"));
        return Ok(());
    }
    write_private(Path::new(file), link)?;
    let text = format!(
        "There is no account yet. A link that makes the first one, an admin, once, is in the file {file}"
    );
    announce(&text, ("file", file));
    Ok(())
}

/// Writes a file that its owner alone can read, also if there was one that others could.
fn write_private(file: &Path, link: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(file)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    writeln!(file, "{link}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readable_file_is_made_private_before_the_link_is_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("data").join("first-link");
        write_private(&file, "one").expect("it is written");
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("it is ours");
        write_private(&file, "two").expect("it is written");
        assert_eq!(std::fs::read_to_string(&file).expect("it is read"), "two\n");
        assert_eq!(file.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    }
}
