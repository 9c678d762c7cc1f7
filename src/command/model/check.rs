//! `hsc model check`: loads the models and measures one passage.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use hsc_answers::encoder::EncoderSet;

use super::directory;

/// Arguments of `hsc model check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let dir = directory::directory(args.dir.as_deref(), args.config.as_deref())?;
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
