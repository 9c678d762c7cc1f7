//! The model directory, and the installation of a model in it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
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
