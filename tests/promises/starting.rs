//! A start that cannot succeed prints one line with the reason and the remedy.

use crate::server::{Server, config, hsc, run};
use crate::shop::{Shop, catalog};

#[test]
fn a_wrong_setting_is_one_line_with_key_value_source_and_expectation() {
    for subcommand in ["serve", "check"] {
        let mut command = hsc();
        command.arg(subcommand).env("HSC__SERVER__PORT", "eighty");
        let (status, out, err) = run(command);
        assert!(!status.success() && out.is_empty(), "{out}");
        assert_eq!(
            err,
            "hsc: server.port = \"eighty\" (from HSC__SERVER__PORT): expected a whole number from 0 to 65535\n"
        );
    }
    let shop = Shop::new();
    shop.write("bad.toml", b"[server]\nprot = 1\n");
    let mut command = hsc();
    command.args(["serve", "--config"]).arg(shop.dir().join("bad.toml"));
    let (status, _, err) = run(command);
    assert!(!status.success());
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("server.prot") && err.contains("did you mean server.port?"), "{err}");
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_a_remedy() {
    let server = Server::start().await;
    let mut command = hsc();
    command.args(["serve", "--config"]).arg(config(&server.shop));
    command.env("HSC__SERVER__PORT", server.address().port().to_string());
    command.env("HSC__LOG__LEVEL", "error");
    let (status, _, err) = run(command);
    assert!(!status.success());
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains(&server.address().to_string()) && err.contains("in use"), "{err}");
    assert!(err.contains("HSC__SERVER__PORT="), "it says what to do: {err}");
}

#[test]
fn a_missing_catalog_folder_is_named() {
    let mut command = hsc();
    command.arg("serve").env("HSC__CATALOG__DIR", "/nowhere/at/all").env("HSC__SERVER__PORT", "0");
    let (status, _, err) = run(command);
    assert!(!status.success());
    assert!(err.contains("/nowhere/at/all") && err.contains("catalog.dir"), "{err}");
}

#[test]
fn an_invalid_redis_address_is_one_line_with_a_remedy_and_without_the_password() {
    let shop = Shop::new();
    for subcommand in ["serve", "check"] {
        for (address, wrong) in [
            ("redis://:hush@host/shop", "Invalid database number"),
            ("redis+sentinel://:hush@host:26379", "what the Sentinels call the master"),
        ] {
            let mut command = hsc();
            command.args([subcommand, "--config"]).arg(config(&shop));
            command.env("REDIS_URL", address).env("HSC__LOG__LEVEL", "error");
            let (status, _, err) = run(command);
            assert!(!status.success(), "{address}");
            assert_eq!(err.lines().count(), 1, "{err}");
            assert!(err.contains("REDIS_URL") && err.contains(wrong), "{err}");
            assert!(err.contains("redis://user:password@host:6379/0"), "it says what to do: {err}");
            assert!(!err.contains("hush"), "{err}");
        }
    }
}

#[test]
fn check_reports_settings_and_catalogs_and_exits() {
    let shop = Shop::new();
    let check = || {
        let mut command = hsc();
        command.args(["check", "--config"]).arg(config(&shop));
        run(command)
    };
    let (status, out, _) = check();
    assert!(status.success(), "{out}");
    assert!(out.contains("63 products"), "{out}");
    let mut broken = catalog(1);
    broken["products"][1].as_object_mut().unwrap().remove("name");
    shop.write_catalog(&broken);
    let (status, out, _) = check();
    assert_eq!(status.code(), Some(1));
    let line = out.lines().find(|line| line.contains("error:")).expect("a line for the error");
    assert!(
        line.contains("nordlicht.json") && line.contains("nordlicht-tp-1") && line.contains("name"),
        "{line}"
    );
}

#[test]
fn check_reports_fault_injection_as_serve_would() {
    let shop = Shop::new();
    let check = |enabled: &str, arguments: &[&str]| {
        let mut command = hsc();
        command.args(["check", "--config"]).arg(config(&shop)).args(arguments);
        run({
            command.env("HSC__CHAOS__ENABLED", enabled);
            command
        })
    };
    let (status, out, _) = check("false", &["--allow-chaos"]);
    assert!(status.success() && !out.contains("chaos:"), "{out}");
    let (status, out, _) = check("true", &["--allow-chaos"]);
    assert!(status.success(), "{out}");
    assert!(out.contains("chaos:    on") && !out.contains("--allow-chaos"), "{out}");
    // Without the option a release build refuses, as it would with `serve`; a debug build warns.
    let (status, out, err) = check("true", &[]);
    assert!(format!("{out}{err}").contains("--allow-chaos"), "{out}{err}");
    assert_eq!(status.success(), cfg!(debug_assertions), "{out}{err}");
}
