//! An admin sees the state of every manual, and fetches one again on all pods.

use serde_json::{Value, json};

use crate::administering::audited;
use crate::eventually::eventually;
use crate::host::Host;
use crate::member::{Member, PASSWORD, code_of, json_of, with_team};
use crate::redis::Redis;
use crate::server::{Server, operator};
use crate::shop::{self, LIGHT, MIXER, Shop, TRIPOD};

/// A shop whose light has its manual at this host.
fn shop(host: &Host) -> Shop {
    let shop = Shop::new();
    let mut catalog = shop::catalog(60);
    catalog["products"][0]["documentation"] = json!({ "type": "html", "url": host.url("nl-200") });
    shop.write_catalog(&catalog);
    shop
}

/// The reply of `/admin/manuals` to this query.
async fn manuals(server: &Server, query: &str) -> (Vec<Value>, Value) {
    let page = server.json(&format!("/admin/manuals{query}")).await;
    (page["items"].as_array().expect("items").clone(), page["next"].clone())
}

async fn of(server: &Server, product: &str) -> Value {
    let (found, _) = manuals(server, &format!("?text={product}")).await;
    found.into_iter().find(|row| row["product"] == product).expect("the product")
}

async fn refetch(server: &Server, product: &str) -> (u16, Value) {
    let path = format!("/admin/manuals/{product}/refetch");
    let answer = operator().post(server.url(&path)).send().await.expect("the server answers");
    (answer.status().as_u16(), json_of(answer).await)
}

async fn ask(server: &Server) {
    ask_for(server, "How heavy is it?").await;
}

async fn ask_for(server: &Server, question: &str) {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    while visitor.receive().await["type"] != "final_answer" {}
}

#[tokio::test]
async fn the_list_shows_the_state_of_each_manual_and_fetches_none() {
    let host = Host::that_answers().await;
    let name = host.name();
    let server = Server::of(shop(&host), &[("manuals.allowed_hosts", name.as_str())]).await;
    let light = of(&server, LIGHT).await;
    assert_eq!(
        (&light["state"], &light["pages"], &light["bytes"]),
        (&json!("unread"), &Value::Null, &Value::Null)
    );
    assert_eq!(of(&server, TRIPOD).await["state"], "none");
    let mixer = of(&server, MIXER).await;
    assert_eq!((&mixer["state"], &mixer["bytes"]), (&json!("kept"), &json!(shop::PDF.len())));
    assert!(mixer["fetched_at_ms"].is_u64());
    assert_eq!(host.requests(), 0, "reading the state sends no request");

    ask(&server).await;
    let light = of(&server, LIGHT).await;
    assert_eq!((&light["state"], &light["fault"]), (&json!("open"), &Value::Null));
    assert!(light["pages"].as_u64().is_some_and(|pages| pages > 0), "{light}");
    assert_eq!(light["bytes"], shop::MANUAL.len());
    assert_eq!(
        (&light["name"], &light["brand"]),
        (&json!("Nordlicht NL-200 Stage Light"), &json!("Nordlicht"))
    );
    assert!(light["fetched_at_ms"].is_u64() && light["loaded_at_ms"].is_u64());

    // A file that is no PDF cannot be read; it is reported for longer than the cache remembers the failure.
    let (status, reply) = refetch(&server, MIXER).await;
    assert_eq!((status, &reply["outcome"]), (200, &json!("failed")));
    let mixer = of(&server, MIXER).await;
    assert_eq!(mixer["state"], "failed");
    assert!(mixer["fault"].as_str().is_some_and(|it| it.contains("(damaged)")), "{mixer}");
}

#[tokio::test]
async fn manuals_are_paged_and_found_by_text_and_state() {
    let server = Server::start().await;
    let (first, next) = manuals(&server, "?limit=40").await;
    let (rest, end) =
        manuals(&server, &format!("?limit=40&after={}", next.as_str().unwrap())).await;
    assert_eq!((first.len(), rest.len(), end), (40, 23, Value::Null));
    assert_eq!(manuals(&server, "?text=stage%20LIGHT").await.0.len(), 1);
    assert_eq!(manuals(&server, "?state=kept").await.0.len(), 2);
    let (none, next) = manuals(&server, "?state=none&limit=61").await;
    assert_eq!((none.len(), next), (61, Value::Null));
    for state in ["open", "unread", "failed"] {
        assert!(manuals(&server, &format!("?state={state}")).await.0.is_empty(), "{state}");
    }
    ask(&server).await;
    let (open, _) = manuals(&server, "?state=open").await;
    assert_eq!((open.len(), &open[0]["product"]), (1, &json!(LIGHT)));
    for wrong in ["?state=lost", "?limit=0", "?after=nobody", "?page=1"] {
        let path = format!("/admin/manuals{wrong}");
        let refused = operator().get(server.url(&path)).send().await.expect("an answer");
        assert_eq!(code_of(refused).await, (400, "invalid_request".into()), "{wrong}");
    }
}

#[tokio::test]
async fn a_refetch_requests_the_manual_although_its_copy_is_fresh() {
    let host = Host::that_answers().await;
    let name = host.name();
    let server = Server::of(shop(&host), &[("manuals.allowed_hosts", name.as_str())]).await;
    ask(&server).await;
    assert_eq!(host.requests(), 1);
    let (status, reply) = refetch(&server, LIGHT).await;
    assert_eq!(
        (status, &reply["outcome"], &reply["other_pods"]),
        (200, &json!("opened"), &json!("none"))
    );
    assert_eq!(
        (&reply["manual"]["state"], &reply["forgotten"]["manuals"]),
        (&json!("open"), &json!(1))
    );
    assert_eq!(host.requests(), 2);
    ask(&server).await;
    assert_eq!(host.requests(), 2, "once is enough");
    let (status, reply) = refetch(&server, TRIPOD).await;
    assert_eq!((status, &reply["code"]), (404, &json!("no_manual")));
    let (status, reply) = refetch(&server, "nobody").await;
    assert_eq!((status, &reply["code"]), (404, &json!("no_such_product")));
}

#[tokio::test]
async fn a_silent_host_is_reported_as_the_fault() {
    let host = Host::that_hangs().await;
    let name = host.name();
    let settings = [
        ("manuals.allowed_hosts", name.as_str()),
        ("manuals.fetch_timeout_ms", "300"),
        ("manuals.retries", "0"),
    ];
    let server = Server::of(shop(&host), &settings).await;
    let (status, reply) = refetch(&server, LIGHT).await;
    assert_eq!(
        (status, &reply["outcome"], &reply["manual"]["state"]),
        (200, &json!("failed"), &json!("failed"))
    );
    assert!(reply["manual"]["fault"].as_str().is_some_and(|it| it.contains(&name)), "{reply}");
    host.heal();
    let (_, reply) = refetch(&server, LIGHT).await;
    assert_eq!((&reply["outcome"], &reply["manual"]["fault"]), (&json!("opened"), &Value::Null));
}

#[tokio::test]
async fn a_refetch_on_one_pod_invalidates_all_pods_and_requests_the_host_once() {
    let (redis, host) = (Redis::start().await, Host::that_answers().await);
    let (url, name) = (redis.url(), host.name());
    let settings = [("redis.url", url.as_str()), ("manuals.allowed_hosts", name.as_str())];
    let one = Server::of(shop(&host), &settings).await;
    let other = Server::of(shop(&host), &settings).await;
    for pod in [&one, &other] {
        eventually("they know each other", async || {
            pod.json("/admin/pods").await["totals"]["pods"] == 2
        })
        .await;
    }
    ask(&one).await;
    // Another question: the answer to the first one would come from Redis without the manual.
    ask_for(&other, "How do I reset the lamp?").await;
    assert_eq!(of(&other, LIGHT).await["state"], "open");
    // A value that is larger than any lock or mark: the manual itself.
    let script = "local all = '' for _, key in ipairs(redis.call('KEYS', 'hsc:l2:manuals:*')) do \
        if redis.call('TYPE', key).ok == 'string' and redis.call('STRLEN', key) > 200 then \
        all = all .. redis.sha1hex(redis.call('GET', key)) end end return all";
    let in_redis = async || redis.ask(&["EVAL", script, "0"]).await;
    eventually("the first one is in Redis", async || in_redis().await.len() > 40).await;
    let (requests, before) = (host.requests(), in_redis().await);
    // The other pod receives the announcement when the new manual is in Redis already, and must keep that one.
    other.signal("STOP");
    let (status, reply) = refetch(&one, LIGHT).await;
    assert_eq!(
        (status, &reply["outcome"], &reply["other_pods"]),
        (200, &json!("opened"), &json!("told"))
    );
    assert_eq!(host.requests(), requests + 1);
    // It is stored beside the answer to the admin.
    eventually("the new one is in Redis", async || in_redis().await != before).await;
    other.signal("CONT");
    eventually("the other has forgotten it", async || of(&other, LIGHT).await["state"] != "open")
        .await;
    ask_for(&other, "How do I replace the fuse?").await;
    assert_eq!(of(&other, LIGHT).await["state"], "open");
    assert_eq!(host.requests(), requests + 1, "the other has the new one from Redis");
}

#[tokio::test]
async fn a_refetch_requires_an_admin_and_is_audited() {
    let server = with_team(&[]).await;
    let (mut ada, mut yael) = (Member::of(&server), Member::of(&server));
    ada.sign_in("ada@example.test", PASSWORD).await;
    yael.sign_in("yael@example.test", PASSWORD).await;
    let path = format!("/admin/manuals/{LIGHT}/refetch");
    assert_eq!(code_of(yael.post(&path, json!({})).await).await, (403, "forbidden".into()));
    assert_eq!(code_of(yael.get("/admin/manuals").await).await, (403, "forbidden".into()));
    assert_eq!(ada.post(&path, json!({})).await.status(), 200);
    audited(&server, "manual.refetch", LIGHT).await;
}

/// `hsc manuals warm` for a shop, with these settings.
async fn warm(shop: &Shop, settings: &[(&str, &str)], arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hsc"));
    // Settings of whoever runs the tests must not reach it.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HSC__")) {
        command.env_remove(name);
    }
    command.env_remove("REDIS_URL").args(["manuals", "warm"]).args(arguments);
    command.env("HSC__CATALOG__DIR", shop.dir());
    command.current_dir(shop.dir().parent().expect("the folder around it"));
    for (key, value) in settings {
        command.env(format!("HSC__{}", key.to_uppercase().replace('.', "__")), value);
    }
    // The host of the manuals answers meanwhile.
    let ended = tokio::task::spawn_blocking(move || {
        crate::process::output("hsc manuals warm", &mut command)
    });
    ended.await.expect("it ends")
}

#[tokio::test]
async fn warm_without_a_model_fetches_the_manuals_and_reports_no_embeddings() {
    let host = Host::that_answers().await;
    let (name, shop, kept) = (host.name(), shop(&host), tempfile::tempdir().expect("a folder"));
    let cache = kept.path().to_str().expect("plain").to_owned();
    let settings =
        [("manuals.allowed_hosts", &*name), ("manuals.cache_dir", &*cache), ("log.level", "error")];
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    let light = warm(&shop, &settings, &["--product", LIGHT]).await;
    let (out, err) = (text(&light.stdout), text(&light.stderr));
    assert_eq!(light.status.code(), Some(0), "{err}");
    assert_eq!(out, "1 manuals, 0 of them could not be read; embeddings were skipped\n");
    assert!(err.contains("no embeddings: data/model holds no model"), "{err}");
    assert_eq!(host.requests(), 1);

    // A server with the same folder asks the host for nothing but whether the manual is still the same.
    let off = [&settings[..], &[("answers.encoder.enabled", "false")]].concat();
    let again = warm(&shop, &off, &["--product", LIGHT]).await;
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stderr).contains("answers.encoder.enabled is false"));
    assert_eq!(host.requests(), 1, "it was kept");

    let all = warm(&shop, &settings, &[]).await;
    let err = text(&all.stderr);
    assert_eq!(all.status.code(), Some(1), "{err}");
    assert!(err.contains(MIXER), "the manual that is no PDF is named: {err}");

    let broken = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(broken.path().join("model")).expect("writable");
    std::fs::write(broken.path().join("model/config.json"), "{").expect("writable");
    let dir = broken.path().to_str().expect("plain").to_owned();
    let damaged = [&settings[..], &[("answers.encoder.dir", &*dir)]].concat();
    let damaged = warm(&shop, &damaged, &["--product", LIGHT]).await;
    let (out, err) = (text(&damaged.stdout), text(&damaged.stderr));
    assert_eq!(damaged.status.code(), Some(1), "a damaged model is a failure: {out}{err}");
    assert!(out.contains("1 manuals, 0 of them could not be read; embeddings failed"), "{out}");
}
