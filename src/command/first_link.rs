//! Where the link that creates the first account goes: a terminal, or a file that its owner alone can read. Whatever else
//! a process prints may be stored as a log.

use std::fs::Permissions;
use std::io::{IsTerminal as _, Result, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use hsc_monitoring::logging::announce;

/// Prints the link to a terminal, else writes it into the file and prints where that is.
pub(super) fn deliver(link: &str, file: &str) -> Result<()> {
    let mut out = std::io::stdout();
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
fn write_private(file: &Path, link: &str) -> Result<()> {
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
