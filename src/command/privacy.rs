//! `hsc privacy`: exports or erases the archived data of one visitor.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use hsc_actors::ports::Uploads as _;
use hsc_actors::ports::archive::{DataSubject, Export, Privacy as _};
use hsc_config::Settings;

use super::archive;
use crate::archive::Store;
use crate::uploads::Folder;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Export all data of a visitor as JSON.
    Export {
        #[command(flatten)]
        target: Who,
        /// File to write, readable by its owner only; default: standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Erase messages, ratings, offline messages and uploads of a visitor. Hourly counts stay.
    Erase {
        #[command(flatten)]
        target: Who,
        /// Erase; without it the command only reports what would be erased.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// Id of a conversation, or a visitor: the subject or mail address of their token, or the address
    /// they left in the form.
    #[arg(value_name = "VISITOR|CONVERSATION")]
    who: String,
    /// Settings that differ from the defaults, as TOML; the environment overrides them.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    actix_web::rt::System::new().block_on(async {
        match command {
            Command::Export { target, out } => export(target, out.as_deref()).await,
            Command::Erase { target, yes } => erase(target, *yes).await,
        }
    })
}

async fn export(who: &Who, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let store = archive::open(&load(who)?)?;
    let (_, export) = find(&store, &who.who).await?;
    if export.is_empty() {
        return Ok(nothing());
    }
    let text = serde_json::to_string_pretty(&export).context("cannot write it as JSON")?;
    match out {
        Some(file) => {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
            written.with_context(|| format!("cannot write {}", file.display()))?;
            println!("{}", amount(&export));
        }
        None => println!("{text}"),
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn erase(who: &Who, really: bool) -> anyhow::Result<ExitCode> {
    let settings = load(who)?;
    let store = archive::open(&settings)?;
    let (target, export) = find(&store, &who.who).await?;
    if export.is_empty() {
        return Ok(nothing());
    }
    if !really {
        println!("would erase {}; nothing was erased, add --yes to do it", amount(&export));
        return Ok(ExitCode::FAILURE);
    }
    // The audit entry does not name the subject, who is to be forgotten.
    let subject = match &target {
        DataSubject::Conversation(_) => "a conversation",
        DataSubject::Visitor(_) => "a visitor",
    };
    let erased = store.erase(target).await?;
    let uploads =
        Folder::new(&settings.uploads, Arc::new(hsc_actors::tokens_of(&settings.conversations)))?;
    uploads.remove(erased.files).await;
    let detail = format!("{} conversations", erased.conversations);
    archive::audit(&store, "privacy.erase", subject, &detail).await?;
    println!("erased {}", amount(&export));
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn load(who: &Who) -> anyhow::Result<Settings> {
    Ok(Settings::load(who.config.as_deref(), hsc_config::environment())?)
}

/// The data, and which of the two meanings of the argument matches.
async fn find(store: &Store, who: &str) -> anyhow::Result<(DataSubject, Export)> {
    let conversation = DataSubject::Conversation(who.to_owned());
    let found = store.export(conversation.clone()).await?;
    if !found.is_empty() {
        return Ok((conversation, found));
    }
    let visitor = DataSubject::Visitor(who.to_owned());
    let found = store.export(visitor.clone()).await?;
    Ok((visitor, found))
}

fn nothing() -> ExitCode {
    eprintln!("hsc: the archive has no data of that conversation or visitor");
    ExitCode::FAILURE
}

fn amount(export: &Export) -> String {
    let entries: usize = export.conversations.iter().map(|it| it.entries.len()).sum();
    let (conversations, messages) = (export.conversations.len(), export.left_messages.len());
    format!("{conversations} conversations with {entries} entries, {messages} left messages")
}
