//! Uploaded pictures: checked by content, stored without metadata, shown to anyone with the URL,
//! removed when they expire.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hsc::archive::Store;
use hsc_actors::ports::archive::Archive as _;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, Rgb, RgbImage};
use reqwest::Response;
use serde_json::{Value, json};

use crate::agents::{YAEL, agent, until, welcomed_and_waiting};
use crate::archive_stage::settings;
use crate::eventually::eventually;
use crate::member::{Member, PASSWORD, archive_of, code_of, json_of, with_team};
use crate::redis::Redis;
use crate::server::{Server, client, config, hsc, run};
use crate::shop::{LIGHT, Shop};
use crate::visitor::Visitor;

const SCRIPT: &[u8] = b"<script>alert(1)</script><?php system($_GET['c']); ?>";
const PLACE: &[u8] = b"GPS 31.7767N 35.2345E\0";

fn picture(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| Rgb([(x * 5 % 256) as u8, (y * 3 % 256) as u8, 77]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel))
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture(width, height).write_with_encoder(PngEncoder::new(&mut bytes)).expect("a PNG");
    bytes
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture(width, height).write_with_encoder(JpegEncoder::new(&mut bytes)).expect("a JPEG");
    bytes
}

/// A photograph as a phone takes it: with a location and a rotation.
fn photograph() -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    exif.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x0f\0\x02\0\0\0\x16\0\0\0\x26\0\0\0\0");
    exif.extend(PLACE);
    let plain = jpeg(40, 24);
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    [&plain[..2], &[0xFF, 0xE1], &length, &exif, &plain[2..]].concat()
}

/// A PNG with a text chunk.
fn png_with_text() -> Vec<u8> {
    let plain = png(8, 8);
    let body = [b"tEXtComment\0", SCRIPT].concat();
    let mut check = flate2::Crc::new();
    check.update(&body);
    let length = u32::try_from(body.len() - 4).expect("a short piece").to_be_bytes();
    // After the header, which is 8 + 25 bytes long.
    [&plain[..33], &length, &body, &check.sum().to_be_bytes(), &plain[33..]].concat()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// A visitor after `welcome`; the conversation and its token.
async fn welcomed(server: &Server) -> (Visitor, String, String) {
    let mut visitor = server.visitor().await;
    visitor.say(json!({ "type": "hello" })).await;
    let welcome = visitor.receive().await;
    let (conversation, token) = both(&welcome);
    (visitor, conversation, token)
}

fn both(welcome: &Value) -> (String, String) {
    let text = |field: &str| welcome[field].as_str().expect("text").to_owned();
    (text("conversation"), text("token"))
}

/// Uploads a file with this media type.
async fn put(server: &Server, token: &str, bytes: Vec<u8>, media_type: &str) -> Response {
    let request = client().post(server.url("/api/uploads")).header("content-type", media_type);
    let request = request.header("x-conversation-token", token).body(bytes);
    request.send().await.expect("the server answers")
}

async fn uploaded(server: &Server, token: &str, bytes: Vec<u8>) -> Value {
    let response = put(server, token, bytes, "application/octet-stream").await;
    assert_eq!(response.status(), 201);
    json_of(response).await
}

/// A server whose pictures and archive are in the shop's folder.
async fn with_folders(settings: &[(&str, &str)]) -> (Server, PathBuf) {
    let shop = Shop::new();
    let (uploads, archive) = (shop.dir().join("pictures"), archive_of(&shop));
    let dir = uploads.display().to_string();
    let mut all = vec![("uploads.dir", dir.as_str()), ("archive.path", archive.as_str())];
    all.extend_from_slice(settings);
    (Server::of(shop, &all).await, uploads)
}

fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn an_image_is_stored_without_metadata_and_trailing_data() {
    let (server, dir) = with_folders(&[]).await;
    let (_visitor, _, token) = welcomed(&server).await;
    let polyglot = [jpeg(16, 16), SCRIPT.to_vec()].concat();
    for (bytes, media_type, size) in [
        (photograph(), "image/jpeg", (24, 40)),
        (polyglot, "image/jpeg", (16, 16)),
        (png_with_text(), "image/png", (8, 8)),
    ] {
        assert!(holds(&bytes, PLACE) || holds(&bytes, SCRIPT));
        let response = put(&server, &token, bytes, "text/html").await;
        assert_eq!(response.status(), 201);
        let location = response.headers()["location"].to_str().expect("text").to_owned();
        let reply = json_of(response).await;
        assert_eq!((&reply["media_type"], &reply["url"]), (&json!(media_type), &json!(location)));
        assert_eq!((&reply["width"], &reply["height"]), (&json!(size.0), &json!(size.1)));
        let shown = server.get(&location).await;
        assert_eq!(shown.status(), 200);
        for (name, value) in [
            ("content-type", media_type),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "private, max-age=3600"),
        ] {
            assert_eq!(shown.headers()[name], value, "{name}");
        }
        let called = shown.headers()["content-disposition"].to_str().expect("text").to_owned();
        assert!(called.starts_with("inline; filename=\"picture."), "{called}");
        let bytes = shown.bytes().await.expect("a body");
        assert_eq!(reply["bytes"], bytes.len());
        for gone in [SCRIPT, PLACE, b"Exif", b"tEXt", b"script"] {
            assert!(!holds(&bytes, gone));
        }
        let file = dir.join(reply["id"].as_str().expect("an id"));
        let mode = std::fs::metadata(file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(files(&dir).len(), 3);
    assert_eq!(server.metric("hsc_uploads_total{outcome=\"kept\"}").await, 3.0);
}

#[tokio::test]
async fn a_file_that_is_no_png_or_jpeg_is_refused_whatever_type_it_declares() {
    let (server, dir) = with_folders(&[]).await;
    let (_visitor, _, token) = welcomed(&server).await;
    for lie in [
        SCRIPT.to_vec(),
        b"<!doctype html><title>x</title>".to_vec(),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
        b"GIF89a\x01\0\x01\0\x80\0\0".to_vec(),
        [b"\x89PNG\r\n\x1a\n", SCRIPT].concat(),
        [b"\xFF\xD8\xFF\xE0", SCRIPT].concat(),
        png(8, 8)[..50].to_vec(),
        Vec::new(),
    ] {
        let refused = put(&server, &token, lie, "image/png").await;
        assert_eq!(code_of(refused).await, (415, "not_a_picture".to_owned()));
    }
    assert!(files(&dir).is_empty(), "nothing is left of them");
}

#[tokio::test]
async fn an_image_with_too_many_bytes_or_pixels_is_refused() {
    let settings = [("uploads.max_bytes", "20000"), ("uploads.max_pixels", "10000")];
    let (server, dir) = with_folders(&settings).await;
    let (_visitor, _, token) = welcomed(&server).await;
    let too_large = (413, "too_large".to_owned());
    let padded = [jpeg(8, 8), vec![0; 20_000]].concat();
    assert_eq!(code_of(put(&server, &token, padded, "image/jpeg").await).await, too_large);
    let wide = png(101, 100);
    assert!(wide.len() < 20_000, "its bytes are few");
    assert_eq!(code_of(put(&server, &token, wide, "image/png").await).await, too_large);
    // A header that claims more than any memory has, without the pixels.
    let mut bomb = png(8, 8);
    bomb[16..20].copy_from_slice(&2_000_000_000_u32.to_be_bytes());
    let mut check = flate2::Crc::new();
    check.update(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&check.sum().to_be_bytes());
    assert_eq!(code_of(put(&server, &token, bomb, "image/png").await).await, too_large);
    assert!(files(&dir).is_empty());
    uploaded(&server, &token, png(100, 100)).await;
}

#[tokio::test]
async fn a_parent_path_returns_no_file() {
    let (server, _) = with_folders(&[]).await;
    let (_visitor, _, token) = welcomed(&server).await;
    let id = uploaded(&server, &token, png(8, 8)).await["id"].as_str().expect("an id").to_owned();
    for path in [
        "/uploads/../hsc.toml",
        "/uploads/..%2fhsc.toml",
        "/uploads/%2e%2e%2fhsc.toml",
        "/uploads/%2e%2e/hsc.toml",
        "/uploads/..%5chsc.toml",
        "/uploads/%252e%252e%252fhsc.toml",
        "/uploads/",
        "/uploads/.",
        &format!("/uploads/{id}/../{id}"),
        &format!("/uploads/{id}%00.html"),
        &format!("/uploads/.part-{id}"),
        "/uploads//etc/passwd",
    ] {
        // Byte by byte: a client would normalize the path.
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = server.answer_to(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("[catalog]"), "{path}: {answer}");
    }
    assert_eq!(server.get(&format!("/uploads/{id}")).await.status(), 200);
}

#[tokio::test]
async fn an_upload_requires_the_conversation_token_or_a_signed_in_agent() {
    let settings = [("server.allowed_origins", "https://shop.example")];
    let server = with_team(&settings).await;
    let (_visitor, conversation, token) = welcomed(&server).await;
    let none = client().post(server.url("/api/uploads")).body(png(8, 8)).send().await;
    assert_eq!(code_of(none.expect("an answer")).await, (401, "no_token".to_owned()));
    let other = token.replace(&conversation, &"0".repeat(32));
    for forged in ["x", &other] {
        let refused = put(&server, forged, png(8, 8), "image/png").await;
        assert_eq!(code_of(refused).await, (403, "wrong_token".to_owned()));
    }
    for (origin, status) in [("https://shop.example", 201), ("https://evil.example", 403)] {
        let request = client().post(server.url("/api/uploads")).header("origin", origin);
        let request = request.header("x-conversation-token", &token).body(png(8, 8));
        assert_eq!(request.send().await.expect("an answer").status(), status, "{origin}");
    }
    let request = client().request(reqwest::Method::OPTIONS, server.url("/api/uploads"));
    let request = request
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST");
    let request =
        request.header("access-control-request-headers", "content-type,x-conversation-token");
    let allowed = request.send().await.expect("an answer");
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://shop.example");
    // Of the team: signed in, with the token of the session, on a page of this server.
    let path = format!("/api/uploads?conversation={conversation}");
    let mut yael = Member::of(&server);
    let refused = yael.post(&path, json!({})).await;
    assert_eq!(code_of(refused).await, (401, "not_signed_in".to_owned()));
    yael.sign_in(YAEL, PASSWORD).await;
    let refused = yael.send(reqwest::Method::POST, &path, None, &[]).await;
    assert_eq!(code_of(refused).await, (403, "no_csrf_token".to_owned()));
    assert_eq!(of_team(&server, &yael, &conversation, png(8, 8)).await.status(), 201);
    let climbs = of_team(&server, &yael, "..%2F..", png(8, 8)).await;
    assert_eq!(code_of(climbs).await, (400, "invalid_request".to_owned()));
}

/// Uploads a picture as an agent.
async fn of_team(server: &Server, who: &Member, conversation: &str, bytes: Vec<u8>) -> Response {
    let path = format!("/api/uploads?conversation={conversation}");
    let cookies: Vec<String> =
        who.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = client().post(server.url(&path)).header("cookie", cookies.join("; "));
    let request = request.header("x-csrf-token", &who.csrf).header("origin", server.url(""));
    request.body(bytes).send().await.expect("the server answers")
}

#[tokio::test]
async fn an_upload_is_accepted_only_in_its_own_conversation() {
    let server = with_team(&[]).await;
    let mut yael = agent(&server, YAEL).await;
    let (mut visitor, welcome) = welcomed_and_waiting(&server).await;
    let (conversation, token) = both(&welcome);
    let (_other, _, others_token) = welcomed(&server).await;
    let own = uploaded(&server, &token, png(8, 8)).await["id"].clone();
    let others = uploaded(&server, &others_token, png(8, 8)).await["id"].clone();
    for wrong in [
        &others,
        &json!("0"),
        &json!(format!("{}-ffffffffffff-{}", "0".repeat(32), "0".repeat(32))),
    ] {
        visitor.say(json!({ "type": "message", "content": "See.", "upload": wrong })).await;
        let refused = until(&mut visitor, |frame| frame["type"] == "error").await;
        assert_eq!(refused["code"], "no_such_upload");
    }
    visitor.say(json!({ "type": "message", "content": "", "upload": own })).await;
    let frame = until(&mut visitor, |frame| frame["type"] == "message").await;
    assert_eq!((&frame["upload"], &frame["content"]), (&own, &json!("")));
    let take = json!({ "type": "take", "conversation": conversation, "id": "t" });
    yael.say(take).await;
    until(&mut yael, |frame| frame["id"] == "t").await;
    let mut member = Member::of(&server);
    member.sign_in(YAEL, PASSWORD).await;
    let from_team = json_of(of_team(&server, &member, &conversation, png(8, 8)).await).await;
    for (upload, code) in [(&others, json!("no_such_upload")), (&from_team["id"], Value::Null)] {
        yael.say(json!({ "type": "say", "conversation": conversation, "content": "Like this.",
            "upload": upload, "id": "s" }))
            .await;
        let reply = until(&mut yael, |frame| frame["id"] == "s").await;
        assert_eq!(reply["code"], code, "{reply}");
    }
    let frame = until(&mut visitor, |frame| frame["from"] == "agent").await;
    assert_eq!(frame["upload"], from_team["id"]);
}

#[actix_web::test]
async fn an_image_is_removed_after_its_retention() {
    let (server, dir) = with_folders(&[("uploads.retention_ms", "1500")]).await;
    let (_visitor, conversation, token) = welcomed(&server).await;
    let reply = uploaded(&server, &token, png(8, 8)).await;
    let url = reply["url"].as_str().expect("an address").to_owned();
    eventually("it is not shown", async || server.get(&url).await.status() == 404).await;
    eventually("its file is gone", async || files(&dir).is_empty()).await;
    let mut archive = settings();
    archive.path = archive_of(&server.shop);
    let store = Store::new(&archive).expect("an archive");
    eventually("the archive knows", async || {
        let transcript = store.transcript(&conversation).await.ok().flatten();
        transcript.is_some_and(|it| it.uploads.iter().any(|upload| upload.is_expired))
    })
    .await;
    assert_eq!(server.metric("hsc_uploads_expired_total").await, 1.0);
    assert!(server.actor("uploads.cleanup").await["observed"]["removed"] == 1);
}

#[actix_web::test]
async fn erasing_a_conversation_erases_its_images() {
    let (server, dir) = with_folders(&[]).await;
    let (_one, conversation, token) = welcomed(&server).await;
    let (_other, _, others_token) = welcomed(&server).await;
    let reply = uploaded(&server, &token, png(8, 8)).await;
    let others = uploaded(&server, &others_token, png(8, 8)).await;
    let mut archive = settings();
    archive.path = archive_of(&server.shop);
    let store = Store::new(&archive).expect("an archive");
    eventually("it is archived", async || {
        let transcript = store.transcript(&conversation).await.ok().flatten();
        transcript.is_some_and(|it| !it.uploads.is_empty())
    })
    .await;
    let mut command = hsc();
    command.args(["privacy", "erase", &conversation, "--yes", "--config"]);
    command.arg(config(&server.shop)).env("HSC__ARCHIVE__PATH", &archive.path);
    let (status, out, err) = run({
        command.env("HSC__UPLOADS__DIR", &dir);
        command
    });
    assert!(status.success(), "{out}{err}");
    assert_eq!(files(&dir), [others["id"].as_str().expect("an id")]);
    assert_eq!(server.get(reply["url"].as_str().expect("an address")).await.status(), 404);
}

#[tokio::test]
async fn uploads_of_a_conversation_are_limited_per_hour() {
    let (server, _) = with_folders(&[("uploads.per_conversation", "2")]).await;
    let (_visitor, _, token) = welcomed(&server).await;
    for _ in 0..2 {
        uploaded(&server, &token, png(8, 8)).await;
    }
    let refused = put(&server, &token, png(8, 8), "image/png").await;
    let wait: u64 =
        refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=3_600).contains(&wait), "{wait}");
    assert_eq!(code_of(refused).await, (429, "too_many".to_owned()));
    let (_other, _, others_token) = welcomed(&server).await;
    uploaded(&server, &others_token, png(8, 8)).await;
}

#[tokio::test]
async fn a_full_upload_folder_refuses_images_until_one_expires() {
    let settings = [("uploads.max_total_bytes", "60"), ("uploads.retention_ms", "2000")];
    let (server, dir) = with_folders(&settings).await;
    let (_visitor, _, token) = welcomed(&server).await;
    uploaded(&server, &token, png(8, 8)).await;
    let refused = put(&server, &token, png(8, 8), "image/png").await;
    assert_eq!(code_of(refused).await, (503, "unavailable".to_owned()));
    eventually("it has gone", async || files(&dir).is_empty()).await;
    eventually("there is room again", async || {
        put(&server, &token, png(8, 8), "image/png").await.status() == 201
    })
    .await;
}

#[tokio::test]
async fn pods_with_a_shared_folder_and_keys_serve_each_others_images_and_one_transcript() {
    let redis = Redis::start().await;
    let (url, shared) = (redis.url(), tempfile::tempdir().expect("a folder"));
    let dir = shared.path().display().to_string();
    let settings = [
        ("redis.url", url.as_str()),
        ("uploads.dir", dir.as_str()),
        ("conversations.token_keys", "a-key-that-all-pods-of-this-test-have"),
    ];
    let (a, b) = tokio::join!(Server::with(&settings), Server::with(&settings));
    let (mut visitor, _, token) = welcomed(&a).await;
    let reply = uploaded(&b, &token, png(8, 8)).await;
    let url = reply["url"].as_str().expect("an address");
    assert_eq!(a.get(url).await.bytes().await.unwrap(), b.get(url).await.bytes().await.unwrap());
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": "How heavy is it?" })).await;
    visitor.receive_answer().await;
    // A pod with a slow Redis sends the message first and logs it afterwards.
    eventually("the other pod tells the transcript", async || {
        let request = client().get(b.url("/api/transcript")).header("x-conversation-token", &token);
        let text = request.send().await.expect("an answer").text().await.expect("text");
        text.contains("How heavy is it?") && text.contains("7.5 kg")
    })
    .await;
}

#[tokio::test]
async fn a_server_with_disabled_uploads_refuses_and_reports_it() {
    let (server, dir) = with_folders(&[("uploads.enabled", "false")]).await;
    let (_visitor, _, token) = welcomed(&server).await;
    let refused = put(&server, &token, png(8, 8), "image/png").await;
    assert_eq!(code_of(refused).await, (403, "forbidden".to_owned()));
    assert_eq!(server.json("/api/visitor/options").await["uploads"]["enabled"], false);
    assert!(!dir.exists());
}
