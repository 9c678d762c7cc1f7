//! Cookies: of the session, of the device, and of a sign-in at the OpenID provider.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;

use super::super::Dependencies;

/// A cookie of this server. Over https its name begins with `__Host-`, so that no sibling domain can set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The secret of a session.
    Session,
    /// The device of an earlier sign-in.
    Device,
    /// The state of a sign-in at the provider, and the page to return to.
    OpenId,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-hsc",
            (Self::Session, false) => "hsc",
            (Self::Device, true) => "__Host-hsc-device",
            (Self::Device, false) => "hsc-device",
            (Self::OpenId, true) => "__Host-hsc-openid",
            (Self::OpenId, false) => "hsc-openid",
        }
    }

    /// The value that the browser sent.
    pub(super) fn of<'a>(self, deps: &Dependencies, request: &'a HttpRequest) -> Option<&'a str> {
        let name = self.name(deps.origins.is_https(request));
        let cookies = request.headers().get_all(header::COOKIE);
        let mut pairs = cookies.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
        pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// Sets the cookie. `SameSite=Lax`: the browser sends it when a link leads to one of our pages, and never with a
    /// POST of a foreign page.
    pub(super) fn set(
        self,
        deps: &Dependencies,
        request: &HttpRequest,
        value: &str,
        lasts: Duration,
    ) -> (header::HeaderName, String) {
        let secure = deps.origins.is_https(request);
        let (name, seconds) = (self.name(secure), lasts.as_secs());
        let only_https = if secure { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{only_https}"
        );
        (header::SET_COOKIE, cookie)
    }

    /// Deletes the cookie.
    pub(super) fn clear(
        self,
        deps: &Dependencies,
        request: &HttpRequest,
    ) -> (header::HeaderName, String) {
        self.set(deps, request, "", Duration::ZERO)
    }
}
