//! The model directory: which one it is, the installation of a model in it, and `hsc model check`, which loads the models
//! and measures one passage.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use hsc_answers::encoder::EncoderSet;
use hsc_config::Settings;

/// The given directory, else the configured one.
pub(super) fn directory(given: Option<&Path>, config: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = given {
        return Ok(dir.to_owned());
    }
    Ok(PathBuf::from(Settings::load(config, hsc_config::environment())?.answers.encoder.dir))
}

/// The folder of an incomplete model: it is renamed when complete, so that a server sees
/// it whole or not at all.
pub(super) fn unfinished(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!(".{name}.part"))
}

/// Renames the model to its final name; replaces one of the same name.
pub(super) fn finish(dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let (part, whole) = (unfinished(dir, name), dir.join(name));
    match std::fs::remove_dir_all(&whole) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot replace {}", whole.display()));
        }
        _ => {}
    }
    std::fs::rename(&part, &whole).with_context(|| format!("cannot rename {}", part.display()))?;
    Ok(whole)
}

/// Arguments of `hsc model check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The model directory. Default: answers.encoder.dir of the settings.
    dir: Option<PathBuf>,
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A passage of 120 words, the length of a window of a manual.
const PASSAGE: &str = "Press and hold the power button for ten seconds until the indicator blinks twice. The unit \
    restarts with the settings it had when it left the factory; recordings on the memory card are kept. If the \
    indicator blinks red instead, the battery is too weak: connect the supplied adaptor, wait a minute, and try again. \
    While the unit restarts, do not remove the card, and do not switch the unit off, because data that are being \
    written at that moment may be lost. After the restart, set the date and the time in the system menu. To go back to \
    your own settings, load the backup file that you saved to the card before, as described in the chapter on backups \
    and updates of the system.";

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let dir = directory(args.dir.as_deref(), args.config.as_deref())?;
    let begin = Instant::now();
    let set = EncoderSet::load(&dir, 1, || ())?;
    println!(
        "{} (loaded in {} ms, {} MiB)",
        dir.display(),
        begin.elapsed().as_millis(),
        set.bytes() >> 20
    );
    println!("id:     {}", set.id());
    for member in set.members() {
        let languages = if member.multilingual() { "many languages" } else { "one language" };
        println!(
            "model:  {}, {} values, {languages}, {} MiB",
            member.name(),
            member.dims(),
            member.bytes() >> 20
        );
    }
    let passages = vec![PASSAGE.to_owned(); 8];
    set.embed_passages(&passages[..1], 1);
    let begin = Instant::now();
    set.embed_passages(&passages, passages.len());
    println!(
        "speed:  {:.1} ms for a passage of 120 words",
        begin.elapsed().as_secs_f64() * 1_000.0 / 8.0
    );
    Ok(ExitCode::SUCCESS)
}
