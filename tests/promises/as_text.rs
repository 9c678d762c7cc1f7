//! Scripts in texts are escaped, whether a visitor, an agent or a manual wrote them: a page that inserts `html` runs
//! nothing.

use serde_json::{Value, json};

use crate::agents::{YAEL, agent, until, welcomed_and_waiting};
use crate::member::with_team;
use crate::model::Model;
use crate::server::Server;
use crate::shop::{LIGHT, MANUAL, Shop, TRIPOD, catalog};

/// A script element, and an element with an event handler.
const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>";

/// Fails if a browser would run an element of the HTML.
fn is_text(html: &Value) -> &str {
    let html = html.as_str().expect("html is text");
    for opens in ["<script", "<img", "<svg", "<iframe", "=\"javascript:"] {
        assert!(!html.to_lowercase().contains(opens), "{html}");
    }
    html
}

#[tokio::test]
async fn messages_of_visitor_and_agent_are_escaped() {
    let server = with_team(&[]).await;
    let mut yael = agent(&server, YAEL).await;
    let (mut visitor, welcome) = welcomed_and_waiting(&server).await;
    let conversation = &welcome["conversation"];
    until(&mut yael, |frame| frame["ticket"]["conversation"] == *conversation).await;
    yael.say(json!({ "type": "take", "conversation": conversation, "id": "t" })).await;
    until(&mut yael, |frame| frame["id"] == "t").await;
    yael.say(json!({ "type": "watch", "conversation": conversation })).await;
    yael.say(json!({ "type": "say", "conversation": conversation, "content": SCRIPT })).await;
    let frame_said = until(&mut visitor, |frame| frame["type"] == "message").await;
    assert_eq!(frame_said["content"], SCRIPT, "the words as they are");
    assert!(is_text(&frame_said["html"]).contains("&lt;script&gt;alert(1)"), "{frame_said}");
    visitor.say(json!({ "type": "message", "content": SCRIPT })).await;
    let is_visitors = |frame: &Value| frame["frame"]["from"] == "visitor";
    let entry = until(&mut yael, is_visitors).await;
    assert_eq!(entry["frame"]["content"], SCRIPT);
    assert!(is_text(&entry["frame"]["html"]).contains("&lt;script&gt;alert(1)"), "{entry}");
}

#[tokio::test]
async fn text_of_a_catalog_and_a_manual_is_escaped() {
    let shop = Shop::new();
    let mut named = catalog(3);
    for product in named["products"].as_array_mut().expect("products") {
        let name = format!("{} {SCRIPT}", product["name"].as_str().expect("a name"));
        product["name"] = json!(name);
    }
    shop.write_catalog(&named);
    // Escaped, as a manual prints code: it is text of the page.
    let printed = SCRIPT.replace('<', "&lt;").replace('>', "&gt;");
    let manual = MANUAL.replace("hold the Menu button", &format!("hold {printed} the Menu button"));
    assert_ne!(manual, MANUAL);
    shop.write("manuals/nl-200.html", manual.as_bytes());
    let server = Server::of(shop, &[]).await;
    let mut visitor = server.visitor().await;
    let question = "How do I reset the lamp to factory settings?";
    for (product, words) in [(LIGHT, "ten seconds"), (TRIPOD, "")] {
        visitor.say(json!({ "type": "query", "product_id": product, "query": question })).await;
        let received = visitor.receive_answer().await;
        let last = received.last().expect("an answer");
        assert!(is_text(&last["html"]).contains(words), "{last}");
        if product == LIGHT {
            assert!(
                last["html"].as_str().expect("text").contains("alert(1)"),
                "it is said: {last}"
            );
        }
    }
    // The manual's page is shown too.
    let page = server.get(&format!("/manuals/{LIGHT}")).await.text().await.expect("text");
    assert!(page.contains("ten seconds"), "{page}");
    assert!(!page.contains("<script>alert(1)") && !page.contains("<img src=x"), "{page}");
}

#[tokio::test]
async fn output_of_a_language_model_is_escaped() {
    const SAYS: [&str; 3] = [
        "Hold the <script>alert(1)</script><img src=x onerror=alert(2)> ",
        "[Menu](javascript:alert(3)) button for ten seconds ",
        "[MANUAL: page 2].",
    ];
    let model = Model::that_says(&SAYS).await;
    let settings = model.settings();
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let server = Server::with(&settings).await;
    let mut visitor = server.visitor().await;
    let question = "How do I reset the lamp to factory settings?";
    visitor.say(json!({ "type": "query", "product_id": LIGHT, "query": question })).await;
    let last = visitor.receive_answer().await.pop().expect("an answer");
    assert_eq!((model.requests(), &last["answerer"]), (1, &json!("llm")), "{last}");
    assert!(is_text(&last["html"]).contains("ten seconds"), "{last}");
}
