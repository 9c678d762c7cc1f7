//! Creates the folder of the built pages, embeds a rebuilt page again, and sets the commit.
//!
//! `web/dist` is built by `make web` and is not in git; a server built without it still runs and explains
//! on `/` how to build the pages. The commit is `HSC_COMMIT`, for an image build without a git folder; else
//! git's in a release build. A development build has none: each commit would compile the crate again.

use std::process::Command;

fn main() {
    // Without the folder cargo would see it as changed with every build.
    std::fs::create_dir_all("web/dist").expect("the folder of the built pages can be made");
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=HSC_COMMIT");
    println!("cargo:rustc-env=HSC_COMMIT={}", commit());
}

fn commit() -> String {
    let given = std::env::var("HSC_COMMIT").ok().filter(|commit| !commit.is_empty());
    if let Some(commit) = given {
        return commit;
    }
    if std::env::var("PROFILE").as_deref() != Ok("release") {
        return "development".to_owned();
    }
    // A new commit on any branch appends to this file.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned())
}

/// The output of git; none without git or a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
