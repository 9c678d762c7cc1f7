//! The headers that keep a page what it is.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The header in which a visitor sends the token of a conversation.
pub(super) const CONVERSATION_TOKEN: &str = "x-conversation-token";

/// Our own pages: nothing inline, nothing from elsewhere but pictures (catalogs name their maker's).
/// No site may put them into a frame; the widget is a script and needs none.
pub(super) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: https:; font-src 'self'; connect-src 'self'; frame-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything that is no page: it loads nothing and is put into no frame.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The sites that may put the visitor's page into a frame (`server.frame_ancestors`). The pages of the team
/// never can be framed: a click in a frame could be made to do what its reader does not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameAncestors(String);

impl FrameAncestors {
    /// The sources as the settings name them: `self`, `https://shop.example`, `https://*.shop.example`.
    #[must_use]
    pub fn new(sources: &[String]) -> Self {
        let said = |source: &String| match source.as_str() {
            "self" => "'self'".to_owned(),
            source => source.trim_end_matches('/').to_lowercase(),
        };
        let sources: Vec<String> = sources.iter().map(said).collect();
        Self(if sources.is_empty() { "'none'".to_owned() } else { sources.join(" ") })
    }

    /// The policy of the visitor's page.
    pub(super) fn policy(&self) -> String {
        PAGE_POLICY.replace("frame-ancestors 'none'", &format!("frame-ancestors {}", self.0))
    }
}

/// A year, for this name alone: names below it are not ours.
const HTTPS_ONLY: &str = "max-age=31536000";

/// Puts what every answer carries, where the route has not said otherwise.
pub(super) fn protect(headers: &mut HeaderMap, https_only: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    default(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
    // Pictures and scripts are for the widget in foreign pages too; CORS guards the rest.
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

/// The older header that says the same as `frame-ancestors` of the policy; nothing where it cannot say it,
/// because it knows no list of sites.
fn frame_options(headers: &HeaderMap) -> Option<&'static str> {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY)?.to_str().ok()?;
    let ancestors = policy.split(';').find_map(|part| part.trim().strip_prefix("frame-ancestors "));
    match ancestors?.trim() {
        "'none'" => Some("DENY"),
        "'self'" => Some("SAMEORIGIN"),
        _ => None,
    }
}
