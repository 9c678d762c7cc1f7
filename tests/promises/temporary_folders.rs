//! The temporary files of a killed server are removed by the next start.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::eventually::{eventually, in_time};
use crate::process::killed;
use crate::server::{config, hsc, variable};
use crate::shop::Shop;

/// A server whose folder for temporary files is `temporary`.
struct Running(Child);

impl Running {
    async fn start(shop: &Shop, temporary: &Path) -> Self {
        let mut command = hsc();
        command.args(["serve", "--config"]).arg(config(shop)).env("TMPDIR", temporary);
        for key in ["manuals.cache_dir", "uploads.dir", "archive.path"] {
            command.env(variable(key), "");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server can be started");
        let output = child.stdout.take().expect("its output is piped");
        let (prints, mut printed) = tokio::sync::mpsc::unbounded_channel();
        // Read to the end: a full pipe would block the server.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = prints.send(line);
            }
        });
        let line = in_time("the server starts", printed.recv()).await;
        assert!(line.is_some_and(|line| line.contains("http://")), "the server says its address");
        Self(child)
    }

    fn kill(mut self) {
        killed(&mut self.0);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        killed(&mut self.0);
    }
}

fn folders(temporary: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(temporary).expect("a folder").flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

#[tokio::test]
async fn the_folders_of_a_killed_server_are_removed_at_the_next_start_and_those_of_another_stay() {
    let temporary = tempfile::tempdir().expect("a folder");
    let shop = Shop::new();
    let living = Running::start(&shop, temporary.path()).await;
    let of_the_living = folders(temporary.path());
    assert_eq!(of_the_living.len(), 3, "manuals, uploads, archive: {of_the_living:?}");
    let killed = Running::start(&shop, temporary.path()).await;
    let all = folders(temporary.path());
    killed.kill();
    assert_eq!(folders(temporary.path()), all, "nobody has removed them");
    let _next = Running::start(&shop, temporary.path()).await;
    let gone = || all.iter().filter(|it| !of_the_living.contains(it)).all(|it| !it.exists());
    eventually("the folders of the killed server are removed", async || gone()).await;
    assert!(of_the_living.iter().all(|folder| folder.is_dir()));
    drop(living);
}
