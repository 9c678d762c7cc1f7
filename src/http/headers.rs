//! The headers that keep a page what it is.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Our own pages: nothing inline, nothing from elsewhere but pictures (catalogs name their maker's).
/// Nobody may put them into a frame; the widget is a script and needs none.
pub(super) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob: https:; font-src 'self'; connect-src 'self'; frame-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Everything that is no page: it loads nothing and is put into no frame.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Puts what every answer carries, where the route has not said otherwise.
pub(super) fn protect(headers: &mut HeaderMap) {
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
}
