//! The settings of OCR, and the installed tesseract: its path, version and languages.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::{NoEngine, OcrEvent};

/// How scanned pages are recognized.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    /// False disables recognition.
    pub enabled: bool,
    /// Path of tesseract, or its name in the folders of `PATH`.
    pub command: String,
    /// Languages as tesseract names them; those that are not installed are skipped.
    pub languages: Vec<String>,
    /// Time limit per page, in milliseconds.
    pub page_timeout_ms: u64,
    /// Time limit per manual, in milliseconds.
    pub timeout_ms: u64,
    /// Largest size of the page store, in bytes.
    pub cache_max_bytes: u64,
    /// Memory limit of the recognizing process and, separately, of tesseract, in bytes.
    pub memory_bytes: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Folder of the page store.
    pub folder: PathBuf,
    /// The binary whose `recognize` command is run.
    pub program: PathBuf,
}

/// Time limit for its version and languages.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// An installed tesseract.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Engine {
    /// Its absolute path.
    pub command: PathBuf,
    /// The first line of `--version`.
    pub version: String,
    /// The configured languages that are installed, in the order of the settings.
    pub languages: Vec<String>,
}

impl Engine {
    /// Finds tesseract; `None` if it is not installed or none of the languages is. Reports the result.
    pub(super) async fn find(settings: &OcrSettings, report: impl Fn(OcrEvent)) -> Option<Self> {
        let missing = |why| report(OcrEvent::EngineMissing(why));
        let Some(command) = whole_path(&settings.command, std::env::var_os("PATH").as_deref())
        else {
            missing(NoEngine::NotInstalled { command: settings.command.clone() });
            return None;
        };
        let version = tesseract_output(&command, "--version").await;
        let installed = tesseract_output(&command, "--list-langs").await;
        let (Some(version), Some(installed)) = (version, installed) else {
            missing(NoEngine::NoAnswer { command });
            return None;
        };
        let installed: Vec<&str> = installed.lines().skip(1).map(str::trim).collect();
        let (languages, not_installed): (Vec<String>, Vec<String>) = settings
            .languages
            .iter()
            .cloned()
            .partition(|language| installed.contains(&language.as_str()));
        let version = version.lines().next().unwrap_or_default().trim().to_owned();
        if languages.is_empty() {
            missing(NoEngine::NoLanguage { command, missing: not_installed });
            return None;
        }
        report(OcrEvent::EngineFound {
            version: version.clone(),
            languages: languages.clone(),
            missing: not_installed,
        });
        Some(Self { command, version, languages })
    }

    /// The properties that recognized pages depend on.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.version, self.languages.join("+"))
    }
}

/// The path of a program: for a name, the first match in the folders of `path`.
fn whole_path(command: &str, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    if command.contains(std::path::MAIN_SEPARATOR) {
        return std::fs::canonicalize(command).ok().filter(|path| path.is_file());
    }
    let found = |folder: PathBuf| Some(folder.join(command)).filter(|path| is_program(path));
    std::env::split_paths(path?).filter(|folder| folder.is_absolute()).find_map(found)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

async fn tesseract_output(command: &Path, argument: &str) -> Option<String> {
    let answer = Command::new(command).arg(argument).kill_on_drop(true).output();
    let answer = tokio::time::timeout(ANSWERS_WITHIN, answer).await.ok()?.ok()?;
    // Older versions print to standard error.
    let text = if answer.stdout.is_empty() { answer.stderr } else { answer.stdout };
    answer.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_searched_in_the_folders_of_path_and_a_path_is_not() {
        let path = std::ffi::OsStr::new("relative:/nonexistent:/usr/bin:/bin");
        let found = whole_path("sh", Some(path)).expect("a shell");
        assert!(found.is_absolute() && found.ends_with("sh"));
        assert_eq!(whole_path("no-such-program", Some(path)), None);
        assert_eq!(whole_path("sh", None), None);
        assert_eq!(whole_path("/nonexistent/sh", Some(path)), None);
        assert!(whole_path("/bin/sh", None).is_some());
    }
}
