//! docs/protocol.md lists every message, every error code and every close code.

use hsc::http::ApiErrorCode;
use hsc_conversation::NotResumed;
use hsc_conversation::protocol::{CloseReason, ErrorCode};
use strum::VariantArray as _;

const PAGE: &str = include_str!("../../docs/protocol.md");

#[test]
fn every_message_is_on_the_page() {
    let document = hsc::http::asyncapi();
    for (key, message) in document["components"]["messages"].as_object().unwrap() {
        let name = message["name"].as_str().unwrap_or(key);
        assert!(PAGE.contains(&format!("`{name}`")), "{name} is missing in docs/protocol.md");
    }
}

#[test]
fn every_error_code_is_on_the_page() {
    let socket = ErrorCode::VARIANTS.iter().map(|it| it.as_str());
    for code in socket.chain(ApiErrorCode::VARIANTS.iter().map(|it| it.as_str())) {
        assert!(PAGE.contains(&format!("`{code}`")), "{code} is missing in docs/protocol.md");
    }
}

#[test]
fn every_close_code_is_on_the_page_with_its_meaning() {
    for reason in CloseReason::VARIANTS {
        let line = format!("| {} | {reason} |", reason.code());
        assert!(PAGE.contains(&line), "missing in docs/protocol.md: {line}");
    }
}

#[test]
fn every_reason_for_an_incomplete_resume_is_on_the_page() {
    for reason in NotResumed::VARIANTS {
        let reason = reason.to_string();
        assert!(PAGE.contains(&format!("| {reason} |")), "missing in docs/protocol.md: {reason}");
    }
}

#[test]
fn every_route_is_on_the_page() {
    for path in hsc::http::openapi().paths.paths.keys() {
        assert!(
            PAGE.contains(&format!("`{path}`")) || PAGE.contains(&format!("GET {path}`")),
            "{path} is missing in docs/protocol.md"
        );
    }
}
