//! The files of the archive are readable by the account of the server only.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::eventually::eventually;
use crate::server::{Server, config, hsc, run, variable};
use crate::shop::Shop;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn the_archive_file_its_log_and_its_copies_are_readable_by_their_owner_only() {
    let shop = Shop::new();
    let folder = shop.dir().join("archive").join("of a shop");
    let file = folder.join("hsc.sqlite");
    let server = Server::of(shop, &[("archive.path", &file.display().to_string())]).await;
    let mut visitor = server.visitor().await;
    visitor.type_in("nl").await;
    eventually("the archive is there", async || folder.join("hsc.sqlite-wal").exists()).await;
    for name in ["hsc.sqlite", "hsc.sqlite-wal", "hsc.sqlite-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    for made in [folder.as_path(), folder.parent().expect("a folder above")] {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    let copy = server.shop.dir().join("copy.sqlite");
    let mut backup = hsc();
    backup.args(["backup"]).arg(&copy).arg("--config").arg(config(&server.shop));
    backup.env(variable("archive.path"), &file);
    let (status, out, err) = run(backup);
    assert!(status.success(), "{out}{err}");
    assert_eq!(mode(&copy), 0o600, "a copy");
}

#[tokio::test]
async fn a_readable_archive_file_is_made_private_at_the_start() {
    let shop = Shop::new();
    let file = shop.dir().join("archive.sqlite");
    std::fs::write(&file, b"").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
    let server = Server::of(shop, &[("archive.path", &file.display().to_string())]).await;
    eventually("the file is for its owner alone", async || mode(&file) == 0o600).await;
    drop(server);
}
