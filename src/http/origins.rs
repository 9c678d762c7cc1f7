//! Whose pages may open the socket and call the API.

use actix_cors::Cors;
use actix_web::HttpRequest;
use actix_web::http::{Method, Uri, header};

/// The origins of the settings. None is any, and so is `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// The origins as the settings name them, e.g. `https://shop.example`.
    #[must_use]
    pub fn new(allowed: &[String]) -> Self {
        Self(allowed.iter().map(|origin| origin.trim_end_matches('/').to_lowercase()).collect())
    }

    /// True when the page that makes this request may.
    ///
    /// A request without `Origin` comes from no page: browsers send it with every upgrade. Our own
    /// pages may always, however the settings name the others.
    #[must_use]
    pub fn admit(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let own = origin
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.authority().map(|it| it.as_str().to_lowercase()))
            .is_some_and(|authority| authority == request.connection_info().host().to_lowercase());
        own || self.names(origin)
    }

    /// The same for what browsers ask before they let a foreign page call the API.
    pub(super) fn cors(&self) -> Cors {
        // No route takes a cookie, so any origin may be told `*` without giving anything away.
        let cors = Cors::default()
            .allowed_methods([Method::GET, Method::HEAD])
            .allowed_headers([header::RANGE, header::ACCEPT, header::CONTENT_TYPE])
            .expose_headers([
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
        self.0.is_empty() || self.0.iter().any(|origin| origin == "*")
    }

    fn names(&self, origin: &str) -> bool {
        self.any() || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
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
        Origins::new(&allowed).admit(&request.to_http_request())
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
}
