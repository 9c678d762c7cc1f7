//! `hsc backup`, `hsc restore`, `hsc migrate` and `hsc reproject`: copies the archive's file, puts a copy back, updates
//! the tables, writes the rows of its events again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hsc_actors::archiving::ArchiveHandle;
use hsc_actors::ports::archive::{Archive as _, Role};
use hsc_config::Settings;
use hsc_conversation::archive::{Audit, Record};

use crate::archive::{Reprojected, Store};

/// Exit code: the archive was written by a newer release and excludes this one.
pub(super) const ARCHIVE_IS_NEWER: u8 = 3;

/// Arguments of `hsc backup`.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// File to write; it must not exist.
    file: PathBuf,
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `hsc restore`.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// Backup file that `hsc backup` wrote.
    file: PathBuf,
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `hsc migrate` and `hsc reproject`.
#[derive(Debug, clap::Args)]
pub(super) struct RewriteArgs {
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn reproject(args: &RewriteArgs) -> anyhow::Result<ExitCode> {
    on_archive(args.config.as_deref(), async |archive| {
        let Reprojected { events, rows, unreadable } = archive.reproject().await?;
        archive.close().await;
        println!("{events} events read, {rows} rows written again");
        if unreadable > 0 {
            println!(
                "{unreadable} events of a later release are not readable; their rows are unchanged"
            );
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn migrate(args: &RewriteArgs) -> anyhow::Result<ExitCode> {
    on_archive(args.config.as_deref(), async |archive| {
        let migrated = archive.migrate().await;
        if let Err(why) = archive.check_schema().await {
            eprintln!("hsc: {why}");
            return Ok(ExitCode::from(ARCHIVE_IS_NEWER));
        }
        migrated?;
        archive.close().await;
        println!("the tables of the archive are up to date");
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    on_archive(args.config.as_deref(), async |archive| {
        archive.backup(&args.file).await?;
        println!("the archive is copied to {}", args.file.display());
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    on_archive(args.config.as_deref(), async |archive| {
        let before = archive.restore(&args.file).await?;
        println!("the archive is that of {} now", args.file.display());
        if let Some(before) = before {
            println!("the previous file is kept as {}", before.display());
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Runs a command on the archive of these settings.
fn on_archive(
    config: Option<&Path>,
    command: impl AsyncFnOnce(Store) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(config, hsc_config::environment())?;
    actix_web::rt::System::new().block_on(async { command(open(&settings)?).await })
}

/// The configured archive. A temporary archive is an error here.
pub(super) fn open(settings: &Settings) -> anyhow::Result<Store> {
    let archive = &settings.archive;
    if archive.url.reveal().is_none() && archive.path.is_empty() {
        anyhow::bail!(
            "archive.path is empty: the archive is deleted with its server, so there is none to open"
        );
    }
    Ok(Store::new(archive)?)
}

/// Writes the audit entry of a command before it reports success.
pub(super) async fn audit(
    store: &Store,
    action: &str,
    subject: &str,
    detail: &str,
) -> anyhow::Result<()> {
    let audit = Record::Audit(Audit {
        who: "command line".to_owned(),
        role: Role::Admin.as_str().to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        address: String::new(),
    });
    Ok(store.write(vec![ArchiveHandle::stamp(audit).into()]).await?)
}
