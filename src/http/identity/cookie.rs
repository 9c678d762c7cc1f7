//! The cookies: the session's, and what a browser keeps while it is at the provider.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;

use super::super::Dependencies;

/// A cookie of ours. Its name depends on the way: over https it bears `__Host-`, so that no neighbour
/// below the same domain can lay one out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The secret of a session.
    Session,
    /// The device with which somebody of the team has signed in.
    Device,
    /// What a sign-in at the provider began with, and where it is to end.
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

    /// What the browser brings.
    pub(super) fn of<'a>(self, deps: &Dependencies, request: &'a HttpRequest) -> Option<&'a str> {
        let name = self.name(deps.origins.is_https(request));
        let cookies = request.headers().get_all(header::COOKIE);
        let mut pairs = cookies.filter_map(|it| it.to_str().ok()).flat_map(|it| it.split(';'));
        pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
    }

    /// Has the browser keep it. Lax: it comes along when somebody follows a link to one of our pages,
    /// and never with what a foreign page posts.
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

    /// Has the browser forget it.
    pub(super) fn clear(
        self,
        deps: &Dependencies,
        request: &HttpRequest,
    ) -> (header::HeaderName, String) {
        self.set(deps, request, "", Duration::ZERO)
    }
}
