//! With `log.format = "json"` all output of the server is JSON, one object per line.

use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::own_address::own_address;
use crate::server::{Server, config, hsc, run};
use crate::shop::Shop;

/// Every line that is not a JSON object.
fn not_json(text: &str) -> Vec<&str> {
    let is_object =
        |line: &&str| serde_json::from_str::<Value>(line).is_ok_and(|it| it.is_object());
    text.lines().filter(|line| !is_object(line)).collect()
}

#[tokio::test]
async fn a_panic_a_start_and_a_stop_are_logged_as_json() {
    let operations = format!("{}:9090", own_address());
    let settings = [("server.operations_listen", operations.as_str()), ("chaos.enabled", "true")];
    let mut server = Server::with(&settings).await;
    let line: Value = serde_json::from_str(&server.prints().await).expect("JSON");
    assert_eq!(line["operations"], format!("http://{operations}"));
    let rehearsal = json!({ "actor": "announcements", "fault": "panic" });
    assert_eq!(server.rehearse(rehearsal).await, 200);
    eventually("the panic is logged", async || server.log().contains("\"target\":\"panic\"")).await;
    server.signal("TERM");
    server.ended().await;
    assert_eq!(not_json(&server.log()), Vec::<&str>::new());
}

#[tokio::test]
async fn an_error_that_prevents_the_start_is_json_too() {
    let shop = Shop::new();
    for (name, value) in
        [("HSC__SERVER__PORT", "eighty"), ("HSC__OUTBOUND__CA_FILE", "/nowhere.pem")]
    {
        let mut serve = hsc();
        serve.arg("serve").arg("--config").arg(config(&shop));
        serve.env("HSC__LOG__FORMAT", "json").env(name, value);
        let ran = tokio::task::spawn_blocking(move || run(serve)).await;
        let (status, out, err) = ran.expect("running does not panic");
        assert!(!status.success());
        assert_eq!((not_json(&out), not_json(&err)), (Vec::new(), Vec::new()), "{err}");
        assert!(err.contains("\"level\":\"error\""), "{err}");
    }
}
