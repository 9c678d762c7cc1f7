//! The repository's own files, found without git.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are generated, downloaded or git's own. All other files are ours.
const NOT_OURS: &[&str] = &[".git", ".make", "target", "node_modules", "dist"];

/// One file of the repository.
pub(crate) struct File {
    /// Its path from the root of the repository, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl File {
    /// Its lines with their numbers from one, without Rust comments.
    ///
    /// A doc comment may link anywhere: the rules are about imports, not about mentions.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// True for a test file.
    pub(crate) fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
            || self.path.contains("/tests/")
    }

    /// True for a generated file that a test compares with its source.
    pub(crate) fn is_written_by_a_program(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.contains("Do not edit"))
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with one of the extensions, sorted by path.
pub(crate) fn files(below: &str, endings: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join(below), &mut paths);
    let mut files: Vec<File> = paths
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| endings.iter().any(|ending_wanted| ending == *ending_wanted))
        })
        .map(|path| File {
            text: fs::read_to_string(&path).expect("our text files are UTF-8"),
            path: from_root(&path),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The direct subfolders of a folder.
pub(crate) fn folders(of: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join(of))
        .expect("the folder is part of the house")
        .map(|entry| entry.expect("a folder of ours can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("our names are ASCII"))
        .collect();
    names.sort();
    names
}

/// Fails with one line per violation.
#[track_caller]
pub(crate) fn assert_none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}\n  {}\n", breaches.join("\n  "));
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    // A missing module has no files; `arrows` checks which modules must exist.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.expect("a folder of ours can be read");
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !NOT_OURS.iter().any(|folder| name == *folder) {
                walk(&path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

fn from_root(path: &Path) -> String {
    let below = path.strip_prefix(root()).expect("it was found below the root");
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
