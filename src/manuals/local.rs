//! Manuals in the catalog folder.

use std::path::{Component, Path, PathBuf};

use hsc_manuals::ReadError;

use super::LoadError;

/// The catalog folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The file of a catalog's path. It must be below the folder, links followed: a catalog is
    /// data, and must not open files that its author could not open.
    pub(super) fn find(&self, path: &str) -> Result<PathBuf, LoadError> {
        let outside = || LoadError::Outside { path: path.to_owned() };
        let relative = Path::new(path);
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if path.contains('\0') || !relative.components().all(plain) {
            return Err(outside());
        }
        let io = |cause: std::io::Error| match cause.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                LoadError::Missing { path: path.to_owned() }
            }
            _ => ReadError::Unreadable { path: path.to_owned(), cause }.into(),
        };
        let folder = self.0.canonicalize().map_err(io)?;
        let file = folder.join(relative).canonicalize().map_err(io)?;
        if !file.starts_with(&folder) {
            return Err(outside());
        }
        // A pipe or a device would be read without end.
        if !file.is_file() {
            return Err(LoadError::Missing { path: path.to_owned() });
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_below_the_folder_is_found() {
        let house = tempfile::tempdir().expect("a folder");
        let folder = house.path().join("catalog");
        std::fs::create_dir_all(folder.join("manuals")).expect("made");
        std::fs::write(folder.join("manuals/a.pdf"), b"a").expect("written");
        std::fs::write(house.path().join("secret.pdf"), b"s").expect("written");
        let catalog = Folder::new(&folder);
        assert!(catalog.find("manuals/a.pdf").is_ok_and(|path| path.ends_with("manuals/a.pdf")));
        assert!(catalog.find("./manuals/a.pdf").is_ok());
        for path in ["../secret.pdf", "manuals/../../secret.pdf", "/etc/passwd", "a\0.pdf"] {
            assert!(matches!(catalog.find(path), Err(LoadError::Outside { .. })), "{path}");
        }
        for path in ["manuals/b.pdf", "manuals", "", "manuals/a.pdf/b.pdf"] {
            assert!(matches!(catalog.find(path), Err(LoadError::Missing { .. })), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_of_the_folder_is_not_followed() {
        let house = tempfile::tempdir().expect("a folder");
        let folder = house.path().join("catalog");
        std::fs::create_dir(&folder).expect("made");
        std::fs::write(house.path().join("secret.pdf"), b"s").expect("written");
        std::os::unix::fs::symlink(house.path().join("secret.pdf"), folder.join("a.pdf"))
            .expect("linked");
        assert!(matches!(Folder::new(&folder).find("a.pdf"), Err(LoadError::Outside { .. })));
    }
}
