//! Headers of responses: what browsers may do with them, and for how long they may store them.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

/// The header in which a visitor sends the token of a conversation.
pub(super) const CONVERSATION_TOKEN: &str = "x-conversation-token";

/// The header of a response that is never stored: it contains people's text, or the state of this moment.
pub(super) const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");

/// A response of JSON that is never stored.
pub(super) fn uncached_json(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(NO_STORE).json(body)
}

/// Policy of our pages: nothing inline, nothing from other origins except pictures (catalogs use the maker's). No
/// site may frame them; the widget is a script and needs no frame.
pub(super) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: https:; font-src 'self'; connect-src 'self'; frame-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Policy of everything that is not a page: it loads nothing and cannot be framed.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The sites that may frame the visitor's page (`server.frame_ancestors`). The pages of the team cannot be framed: a
/// click in a frame could do something that the user does not see (clickjacking).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameAncestors(String);

impl FrameAncestors {
    /// The sources of the settings: `self`, `https://shop.example`, `https://*.shop.example`.
    pub fn new(sources: &[String]) -> Self {
        let source_text = |source: &String| match source.as_str() {
            "self" => "'self'".to_owned(),
            source => source.trim_end_matches('/').to_lowercase(),
        };
        let sources: Vec<String> = sources.iter().map(source_text).collect();
        Self(if sources.is_empty() { "'none'".to_owned() } else { sources.join(" ") })
    }

    /// The policy of the visitor's page.
    pub(super) fn policy(&self) -> String {
        PAGE_POLICY.replace("frame-ancestors 'none'", &format!("frame-ancestors {}", self.0))
    }
}

/// One year, for this host only: subdomains are not ours.
const HTTPS_ONLY: &str = "max-age=31536000";

/// Sets the headers of every response that the route has not set.
pub(super) fn protect(headers: &mut HeaderMap, https_only: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    default(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
    // The widget loads pictures and scripts in foreign pages too; CORS guards the rest.
    default(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    default(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    if https_only {
        default(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    if let Some(options) = frame_options(headers) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(options));
    }
}

/// `X-Frame-Options`, the older equivalent of `frame-ancestors`; none if it cannot express the policy, because it has
/// no list of sites.
fn frame_options(headers: &HeaderMap) -> Option<&'static str> {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY)?.to_str().ok()?;
    let ancestors = policy.split(';').find_map(|part| part.trim().strip_prefix("frame-ancestors "));
    match ancestors?.trim() {
        "'none'" => Some("DENY"),
        "'self'" => Some("SAMEORIGIN"),
        _ => None,
    }
}
