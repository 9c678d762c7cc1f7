//! The pages that may open the sockets and call the API, by the `Origin` that their browser sends.
//!
//! One comparison serves CORS, `/ws`, `/ws/agent` and the CSRF checks: scheme, host and port are equal, in the form
//! in which browsers send them ([`hsc_config::origin`]).

use actix_cors::Cors;
use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use hsc_config::origin;

use super::client_address::public_authority;
use super::headers::CONVERSATION_TOKEN;

/// The origins of the settings. None allows any, and so does `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    /// `server.allowed_origins`, normalized; none allows any.
    allowed: Option<Vec<String>>,
    /// Origin of `server.public_url`, normalized, if it is set.
    public: Option<String>,
}

impl Origins {
    /// The origins of the settings, e.g. `https://shop.example`, and our own public address. The
    /// settings are validated.
    pub fn new(allowed: &[String], public_url: &str) -> Self {
        let any = allowed.is_empty() || allowed.iter().any(|pattern| pattern == origin::ANY);
        let normalized = allowed.iter().filter_map(|pattern| origin::normalize(pattern).ok());
        Self {
            allowed: (!any).then(|| normalized.collect()),
            public: origin::normalize(public_url).ok(),
        }
    }

    /// `server.public_url`; none if it is not set.
    pub(super) fn public(&self) -> Option<&str> {
        self.public.as_deref()
    }

    /// Our own origin for this browser: `server.public_url`, else the address of this request. Only for data that
    /// returns to the sender of the request, because the sender chooses `Host`.
    pub(super) fn own(&self, request: &HttpRequest) -> String {
        let addressed = || {
            let (scheme, host) = public_authority(request);
            format!("{scheme}://{host}")
        };
        self.public.clone().unwrap_or_else(addressed)
    }

    /// True if this browser uses https.
    pub(super) fn is_https(&self, request: &HttpRequest) -> bool {
        self.own(request).starts_with("https://")
    }

    /// True if a page of ours makes this request, or a program.
    ///
    /// Pages of other allowed origins may chat; team actions come from our own pages only.
    pub(super) fn is_own(&self, request: &HttpRequest) -> bool {
        match origin_of(request) {
            Some(Ok(origin)) => self.is_ours(&origin, request),
            Some(Err(())) => false,
            // Browsers that omit Origin send this instead; programs send neither.
            None => fetch_site(request).is_none_or(|site| matches!(site, "same-origin" | "none")),
        }
    }

    /// True if the page that makes this request is allowed.
    ///
    /// A request without `Origin` does not come from a page: browsers send it with every upgrade. Our own pages are
    /// always allowed, whatever the settings say.
    pub fn admit(&self, request: &HttpRequest) -> bool {
        match origin_of(request) {
            Some(Ok(origin)) => self.is_ours(&origin, request) || self.names(&origin),
            Some(Err(())) => false,
            None => true,
        }
    }

    fn is_ours(&self, origin: &str, request: &HttpRequest) -> bool {
        if self.public.as_deref() == Some(origin) || addressed(request).as_deref() == Some(origin) {
            return true;
        }
        // Behind a proxy that terminates https the scheme of this connection is not the browser's. The
        // browser compares all three itself and sends the result in a header that no page can set; host and
        // port are checked here.
        let is_https_of_host = || {
            let (_, host) = public_authority(request);
            origin::normalize(&format!("https://{host}")).is_ok_and(|own| own == origin)
        };
        fetch_site(request) == Some("same-origin") && is_https_of_host()
    }

    /// The CORS rules: what browsers ask before a foreign page may call the API.
    pub(super) fn cors(&self) -> Cors {
        // A foreign page is never allowed with a cookie (no `allow-credentials`), so `*` for any origin reveals
        // nothing. POST is for visitors; every other route with POST checks that one of our pages calls.
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
        if self.allowed.is_none() {
            return cors.allow_any_origin().send_wildcard();
        }
        let origins = self.clone();
        cors.allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|it| origins.names(it)))
    }

    fn names(&self, origin: &str) -> bool {
        let Some(allowed) = &self.allowed else { return true };
        allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// The `Origin` of the request in lower case; `Err` if it is invalid.
fn origin_of(request: &HttpRequest) -> Option<Result<String, ()>> {
    let mut sent = request.headers().get_all(header::ORIGIN);
    let first = sent.next()?;
    // Two headers would be ambiguous.
    let text = if sent.next().is_some() { None } else { first.to_str().ok() };
    Some(text.map(str::to_ascii_lowercase).ok_or(()))
}

fn fetch_site(request: &HttpRequest) -> Option<&str> {
    request.headers().get("sec-fetch-site")?.to_str().ok()
}

/// The origin that this request was sent to, from its connection or from a trusted proxy.
fn addressed(request: &HttpRequest) -> Option<String> {
    let (scheme, host) = public_authority(request);
    origin::normalize(&format!("{scheme}://{host}")).ok()
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
    fn an_empty_list_admits_every_origin_and_a_list_admits_its_origins_and_our_own() {
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
    fn scheme_host_and_port_are_compared_and_null_is_allowed_only_by_name() {
        let listed =
            ["https://shop.example:443", "http://pos.example:8080", "capacitor://localhost"];
        for (origin, is_admitted) in [
            ("https://shop.example", true),
            ("https://SHOP.example", true),
            ("http://shop.example", false),
            ("https://shop.example:8443", false),
            ("https://www.shop.example", false),
            ("https://shop.example.", false),
            ("https://shop.example/", false),
            ("http://pos.example:8080", true),
            ("https://pos.example:8080", false),
            ("http://pos.example", false),
            ("capacitor://localhost", true),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(admitted(&listed, Some(origin)), is_admitted, "{origin}");
        }
        assert!(admitted(&["https://shop.example", "null"], Some("null")));
        assert!(!admitted(&["null"], Some("https://shop.example")));
    }

    #[test]
    fn team_requests_are_accepted_from_our_own_pages_only() {
        let is_own = |public: &str, headers: &[(&str, &str)]| {
            let mut request =
                TestRequest::default().insert_header((header::HOST, "chat.example:8000"));
            for &header in headers {
                request = request.append_header(header);
            }
            // An open chat does not open the administration.
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
        // Headers that any client can add do not set the origin.
        let forged = [("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")];
        assert!(!is_own("", &forged));
        let forged =
            [("origin", "https://evil.example"), ("forwarded", "host=evil.example;proto=https")];
        assert!(!is_own("", &forged));
        assert!(!is_own("", &[("origin", "http://chat.example:8000"), ("origin", "null")]));
    }

    #[test]
    fn behind_an_https_proxy_the_browser_reports_the_same_origin() {
        let is_own = |origin: &str, site: &str| {
            let request = TestRequest::default().insert_header((header::HOST, "chat.example"));
            let request = request.insert_header((header::ORIGIN, origin));
            let request = request.insert_header(("sec-fetch-site", site));
            Origins::new(&[], "").is_own(&request.to_http_request())
        };
        assert!(is_own("https://chat.example", "same-origin"));
        assert!(!is_own("https://chat.example", "same-site"));
        assert!(!is_own("https://chat.example", "cross-site"));
        assert!(!is_own("https://evil.example", "same-origin"));
        assert!(!is_own("https://chat.example:8443", "same-origin"));
    }
}
