//! An admin reads and reloads the catalog and sends a brand file; harmful files are refused.

use serde_json::{Value, json};

use crate::administering::audited;
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, code_of, json_of, with_team};
use crate::server::{ADMIN_TOKEN, Server, operator};
use crate::shop::{LIGHT, TRIPOD, catalog};

/// A second brand with one product.
fn fjord() -> Value {
    json!({ "brand_identity": { "id": "fjord", "name": "Fjord" }, "products": [
        { "id": "fjord-f-1", "name": "Fjord F-1 Fogger", "category": "Fogger" }] })
}

/// Sends a file; returns the status and the reply.
async fn put(server: &Server, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let address = server.url(&format!("/admin/catalog/files/{path}"));
    let answer = operator().put(address).body(body).send().await.expect("the server answers");
    (answer.status().as_u16(), json_of(answer).await)
}

async fn products(server: &Server) -> u64 {
    server.json("/admin/catalog").await["products"].as_u64().expect("a number")
}

/// A server that reloads the catalog only on request.
async fn server() -> Server {
    Server::with(&[("catalog.watch", "false")]).await
}

#[tokio::test]
async fn the_catalog_is_shown_with_its_brands_files_and_problems() {
    let server = server().await;
    let shown = server.json("/admin/catalog").await;
    let brand =
        json!({ "id": "nordlicht", "name": "Nordlicht", "file": "nordlicht.json", "products": 63 });
    assert_eq!(shown["brands"], json!([brand]));
    assert_eq!(
        (&shown["products"], &shown["problems"], &shown["kept"]),
        (&json!(63), &json!([]), &Value::Null)
    );
    assert_eq!(shown["version"], server.json("/health").await["catalog_version"]);
    let before = shown["loaded_at_ms"].as_u64().expect("a time");

    let mut wrong = catalog(2);
    wrong["products"].as_array_mut().unwrap().push(json!({ "id": "nameless" }));
    server.shop.write_catalog(&wrong);
    assert_eq!(products(&server).await, 63, "nobody has told it to load again");
    let answer = operator().post(server.url("/admin/catalog/reload")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let shown = json_of(answer).await;
    assert_eq!(shown["products"], 5);
    assert!(shown["loaded_at_ms"].as_u64().expect("a time") > before);
    let problem = &shown["problems"][0];
    assert_eq!(
        (&problem["file"], &problem["product"]),
        (&json!("nordlicht.json"), &json!("nameless"))
    );
    assert!(problem["problem"].as_str().unwrap().contains("name"), "{problem}");
    assert_eq!(shown["problems_total"], 1);
}

#[tokio::test]
async fn a_dry_run_reports_the_changes_and_writes_no_file() {
    let server = server().await;
    let before = server.json("/admin/catalog").await;
    let (status, reply) = put(&server, "fjord.json", fjord().to_string()).await;
    assert_eq!((status, &reply["dry_run"], &reply["written"]), (200, &json!(true), &json!(false)));
    assert_eq!(reply["brand"], json!({ "id": "fjord", "name": "Fjord" }));
    assert_eq!((&reply["added"], &reply["products"]), (&json!(["fjord-f-1"]), &json!(1)));
    assert_eq!((&reply["changed"], &reply["removed"]), (&json!([]), &json!([])));
    assert_eq!((&reply["refused"], &reply["problems"]), (&Value::Null, &json!([])));
    assert_ne!(reply["version"], before["version"]);

    let mut others = catalog(59);
    others["products"][0]["name"] = json!("Nordlicht NL-200 Mk II");
    let (status, reply) = put(&server, "nordlicht.json?dry_run=true", others.to_string()).await;
    assert_eq!((status, &reply["changed"]), (200, &json!([LIGHT])));
    assert_eq!(reply["removed"], json!(["nordlicht-cb-59"]));
    assert_eq!(reply["totals"], json!({ "added": 0, "changed": 1, "removed": 1 }));

    let (status, reply) = put(&server, "nordlicht.json?dry_run=true", "{ no").await;
    assert_eq!(status, 200);
    assert!(reply["refused"].as_str().unwrap().contains("is not JSON"), "{reply}");
    assert_eq!(server.json("/admin/catalog").await, before);
    assert!(!server.shop.dir().join("fjord.json").exists());
}

#[tokio::test]
async fn a_file_is_written_loaded_and_searched_and_the_previous_one_is_backed_up() {
    let server = server().await;
    let mut visitor = server.visitor().await;
    let (status, reply) = put(&server, "fjord.json?dry_run=false", fjord().to_string()).await;
    assert_eq!((status, &reply["written"], &reply["before"]), (200, &json!(true), &Value::Null));
    assert_eq!(server.json("/admin/catalog").await["version"], reply["version"]);
    let found = visitor.type_in("fogger").await;
    assert_eq!(found["data"][0]["product"]["id"], "fjord-f-1");

    let old = std::fs::read(server.shop.dir().join("nordlicht.json")).unwrap();
    let (status, reply) =
        put(&server, "nordlicht.json?dry_run=false", catalog(2).to_string()).await;
    assert_eq!((status, &reply["before"]), (200, &json!(".nordlicht.json.bak")));
    assert_eq!(std::fs::read(server.shop.dir().join(".nordlicht.json.bak")).unwrap(), old);
    assert_eq!(products(&server).await, 6);
    let (_, again) = put(&server, "nordlicht.json?dry_run=false", catalog(2).to_string()).await;
    assert_eq!(again["written"], false, "it stands there word for word");
    assert_eq!(std::fs::read(server.shop.dir().join(".nordlicht.json.bak")).unwrap(), old);
    // The copy of the previous file is not read as a catalog file.
    operator().post(server.url("/admin/catalog/reload")).send().await.unwrap();
    assert_eq!(products(&server).await, 6);
}

#[tokio::test]
async fn a_harmful_file_or_name_is_refused_and_not_written() {
    let server = server().await;
    let before = server.json("/admin/catalog").await;
    let mut thief = fjord();
    thief["products"].as_array_mut().unwrap().push(json!({ "id": TRIPOD, "name": "Mine now" }));
    for (file, body, code, word) in [
        ("nordlicht.json", "{ \"products\": [ {".to_owned(), "unfit_catalog", "is not JSON"),
        ("aaa.json", thief.to_string(), "unfit_catalog", TRIPOD),
        ("zzz.json", thief.to_string(), "unfit_catalog", "nordlicht.json"),
        ("nordlicht.json", "[]".to_owned(), "unfit_catalog", "no product would be left"),
    ] {
        let (status, reply) = put(&server, &format!("{file}?dry_run=false"), body).await;
        assert_eq!((status, &reply["code"]), (422, &json!(code)), "{file}: {reply}");
        assert!(reply["message"].as_str().unwrap().contains(word), "{file}: {reply}");
    }
    for name in [
        "..%2Fescaped.json",
        "..%5Cescaped.json",
        "manuals%2Fx.json",
        "manuals/x.json",
        ".hidden.json",
        "x.toml",
        "x.json.bak",
        "%00.json",
    ] {
        let (status, reply) =
            put(&server, &format!("{name}?dry_run=false"), fjord().to_string()).await;
        assert_eq!((status, &reply["code"]), (400, &json!("invalid_request")), "{name}: {reply}");
    }
    let (status, reply) = put(&server, "x.json?dry_run=false", vec![b'[', 0xff, b']']).await;
    assert_eq!((status, &reply["code"]), (400, &json!("invalid_request")), "{reply}");
    let (status, _) = put(&server, "x.json?dry_run=perhaps", fjord().to_string()).await;
    assert_eq!(status, 400);
    assert_eq!(server.json("/admin/catalog").await, before);
    assert!(!server.shop.dir().parent().unwrap().join("escaped.json").exists());
}

#[tokio::test]
async fn an_unencoded_parent_path_writes_no_file() {
    let server = server().await;
    let body = fjord().to_string();
    let head = format!(
        "PUT /admin/catalog/files/../../escaped.json?dry_run=false HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let said = server.answer_to(head.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    assert!(!server.shop.dir().parent().unwrap().join("escaped.json").exists());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_buffered() {
    let server = server().await;
    let large = vec![b' '; 64 * 1024 * 1024 + 1];
    let address = server.url("/admin/catalog/files/x.json?dry_run=false");
    // The server may close the connection before the whole body was sent.
    if let Ok(answer) = operator().put(address).body(large).send().await {
        assert_eq!(code_of(answer).await, (413, "too_large".into()));
    }
    assert_eq!(products(&server).await, 63);
}

#[tokio::test]
async fn an_unwritable_folder_is_reported() {
    let server = server().await;
    // A folder with the name of the file makes the write fail, for root too.
    std::fs::create_dir(server.shop.dir().join("fjord.json")).unwrap();
    let (status, reply) = put(&server, "fjord.json?dry_run=false", fjord().to_string()).await;
    assert_eq!((status, &reply["code"]), (409, &json!("not_writable")), "{reply}");
    assert!(reply["message"].as_str().unwrap().contains("catalog.dir"), "{reply}");
    assert_eq!(products(&server).await, 63);
}

#[tokio::test]
async fn the_watcher_does_not_change_an_uploaded_catalog() {
    let server = Server::with(&[("catalog.watch_debounce_ms", "20")]).await;
    let (status, reply) = put(&server, "fjord.json?dry_run=false", fjord().to_string()).await;
    assert_eq!(status, 200);
    eventually("the watcher has seen it too", async || {
        server.metric("hsc_catalog_reloads_total{outcome=\"swapped\"}").await >= 2.0
    })
    .await;
    assert_eq!(server.json("/admin/catalog").await["version"], reply["version"]);
}

#[tokio::test]
async fn uploading_a_file_requires_an_admin_and_a_csrf_token_and_is_audited() {
    let server = with_team(&[("catalog.watch", "false")]).await;
    let (mut ada, mut yael) = (Member::of(&server), Member::of(&server));
    ada.sign_in("ada@example.test", PASSWORD).await;
    yael.sign_in("yael@example.test", PASSWORD).await;
    let path = "/admin/catalog/files/fjord.json?dry_run=false";
    let method = || reqwest::Method::PUT;
    let send = async |member: &mut Member, csrf: &str| {
        code_of(member.send(method(), path, Some(fjord()), &[("x-csrf-token", csrf)]).await).await
    };
    let (of_ada, of_yael) = (ada.csrf.clone(), yael.csrf.clone());
    assert_eq!(send(&mut Member::of(&server), "").await, (401, "not_signed_in".into()));
    assert_eq!(send(&mut yael, &of_yael).await, (403, "forbidden".into()));
    assert_eq!(send(&mut ada, "").await, (403, "no_csrf_token".into()));
    assert!(!server.shop.dir().join("fjord.json").exists());
    assert_eq!(send(&mut ada, &of_ada).await.0, 200);
    audited(&server, "catalog.file", "fjord.json").await;
    assert_eq!(code_of(yael.post("/admin/catalog/reload", json!({})).await).await.0, 403);
    assert_eq!(ada.post("/admin/catalog/reload", json!({})).await.status(), 200);
}
