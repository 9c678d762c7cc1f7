//! Whose pages may open the socket and call the API.

use actix_cors::Cors;
use actix_web::HttpRequest;
use actix_web::http::{Method, Uri, header};

use super::public_authority;
use super::visitor::CONVERSATION_TOKEN;

/// The origins of the settings. None is any, and so is `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    allowed: Vec<String>,
    /// Our own as browsers see it; empty is wherever they call.
    public: String,
}

impl Origins {
    /// The origins as the settings name them, e.g. `https://shop.example`, and our own public address.
    #[must_use]
    pub fn new(allowed: &[String], public_url: &str) -> Self {
        let plain = |origin: &str| origin.trim_end_matches('/').to_lowercase();
        let allowed = allowed.iter().map(|origin| plain(origin)).collect();
        Self { allowed, public: plain(public_url) }
    }

    /// Our own origin, as the browser that makes this request sees it.
    pub(super) fn own(&self, request: &HttpRequest) -> String {
        if !self.public.is_empty() {
            return self.public.clone();
        }
        let (scheme, host) = public_authority(request);
        format!("{scheme}://{host}")
    }

    /// True where this browser reaches us over https.
    pub(super) fn is_https(&self, request: &HttpRequest) -> bool {
        self.own(request).starts_with("https://")
    }

    /// True when a page of ours makes this request, or no page at all.
    ///
    /// The pages that the settings name may chat; what the team does is done from our own pages alone.
    pub(super) fn is_own(&self, request: &HttpRequest) -> bool {
        let text = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
        if request.headers().contains_key(header::ORIGIN) {
            return text("origin").is_some_and(|origin| self.is_ours(origin, request));
        }
        // Browsers that leave Origin out say this instead; programs say neither.
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
    }

    fn is_ours(&self, origin: &str, request: &HttpRequest) -> bool {
        let authority = origin
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.authority().map(|it| it.as_str().to_lowercase()));
        let is_here = authority.is_some_and(|authority| authority == public_authority(request).1);
        is_here || (!self.public.is_empty() && origin.eq_ignore_ascii_case(&self.public))
    }

    /// True when the page that makes this request may.
    ///
    /// A request without `Origin` comes from no page: browsers send it with every upgrade. Our own
    /// pages may always, however the settings name the others.
    #[must_use]
    pub fn admit(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        self.is_ours(origin, request) || self.names(origin)
    }

    /// The same for what browsers ask before they let a foreign page call the API.
    pub(super) fn cors(&self) -> Cors {
        // No page of elsewhere is ever let in with a cookie (no `allow-credentials`), so any origin may be
        // told `*` without giving anything away. POST is for what visitors do; whatever else takes it looks
        // itself whether a page of ours calls.
        let cors = Cors::default()
            .allowed_methods([Method::GET, Method::HEAD, Method::POST])
            .allowed_headers([header::RANGE, header::ACCEPT, header::CONTENT_TYPE])
            .allowed_header(CONVERSATION_TOKEN)
            .expose_headers([
                header::CONTENT_DISPOSITION,
                header::RETRY_AFTER,
                header::ACCEPT_RANGES,
                header::CONTENT_RANGE,
                header::HeaderName::from_static("x-request-id"),
            ])
            .max_age(3_600);
        if self.any() {
            return cors.allow_any_origin().send_wildcard();
        }
        let origins = self.clone();
        cors.allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|it| origins.names(it)))
    }

    fn any(&self) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|origin| origin == "*")
    }

    fn names(&self, origin: &str) -> bool {
        self.any() || self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn admitted(allowed: &[&str], origin: Option<&str>) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|&origin| origin.to_owned()).collect();
        let mut request = TestRequest::default().insert_header((header::HOST, "chat.example:8000"));
        if let Some(origin) = origin {
            request = request.insert_header((header::ORIGIN, origin));
        }
        Origins::new(&allowed, "").admit(&request.to_http_request())
    }

    #[test]
    fn no_list_is_everybody_and_a_list_is_those_on_it_and_our_own_pages() {
        assert!(admitted(&[], Some("https://any.example")));
        assert!(admitted(&["*"], Some("https://any.example")));
        let listed = ["https://Shop.example/"];
        assert!(admitted(&listed, Some("https://shop.example")));
        assert!(admitted(&listed, Some("http://chat.example:8000")));
        assert!(admitted(&listed, None));
        assert!(!admitted(&listed, Some("https://shop.example.evil.example")));
        assert!(!admitted(&listed, Some("http://shop.example")));
        assert!(!admitted(&listed, Some("http://chat.example:9000")));
        assert!(!admitted(&listed, Some("null")));
    }

    #[test]
    fn what_the_team_does_is_done_from_our_own_pages() {
        let is_own = |public: &str, headers: &[(&str, &str)]| {
            let mut request =
                TestRequest::default().insert_header((header::HOST, "chat.example:8000"));
            for &header in headers {
                request = request.insert_header(header);
            }
            // That everybody may chat lets nobody administrate.
            Origins::new(&[], public).is_own(&request.to_http_request())
        };
        assert!(is_own("", &[]));
        assert!(is_own("", &[("origin", "http://Chat.example:8000")]));
        assert!(is_own("https://chat.example", &[("origin", "https://chat.example")]));
        assert!(!is_own("", &[("origin", "https://chat.example")]));
        assert!(!is_own("", &[("origin", "null")]));
        assert!(!is_own("", &[("origin", "https://shop.example")]));
        assert!(!is_own("", &[("sec-fetch-site", "cross-site")]));
        assert!(!is_own("", &[("sec-fetch-site", "same-site")]));
        assert!(is_own("", &[("sec-fetch-site", "same-origin")]));
    }
}
