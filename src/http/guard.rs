//! The guards of every route that is not public, and the cookies that they read.
//!
//! A route that takes [`Admin`] or [`Agent`] is protected: the guard runs before the handler. The session is in a
//! cookie that scripts cannot read; a change must also send the session's CSRF token in a header, and come from one
//! of our own pages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest, web};
use futures::future::LocalBoxFuture;
use hsc_actors::ports::archive::Role;
use hsc_actors::ports::{IdentityError, Person, SessionCheck, SignedIn};
use hsc_conversation::archive::Audit;
use log::warn;
use subtle::ConstantTimeEq as _;
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use super::{ApiError, ApiErrorCode, ApiResult, Dependencies, client_address};

/// Header with the session's CSRF token, required for every change.
const CSRF: &str = "x-csrf-token";

/// The request comes from an admin.
pub(super) struct Admin(pub(super) Caller);

/// The request comes from an agent or an admin; the second field is for the audit.
pub(super) struct Agent(pub(super) Person, pub(super) Caller);

/// The caller, for the audit.
pub(super) struct Caller {
    /// Id of the account; `token` for the holder of `admin.token`.
    who: String,
    role: Role,
    /// The address of the caller.
    pub(super) from: String,
}

impl Caller {
    fn new(who: &str, role: Role, request: &HttpRequest) -> Self {
        Self { who: who.to_owned(), role, from: client_address(request).to_string() }
    }

    /// Audits an action of the caller, e.g. `cache.invalidate`, with subject and detail.
    pub(super) fn audit(&self, deps: &Dependencies, action: &str, subject: &str, detail: &str) {
        (deps.auditor)(Audit {
            who: self.who.clone(),
            role: self.role.as_str().to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            address: self.from.clone(),
        });
    }
}

/// The refusals of the guard, for the OpenAPI document.
impl IntoResponses for Admin {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from(["401", "403"].map(|status| (status.to_owned(), Response::default().into())))
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { admin(&deps(&request), &request).await.map(Self) })
    }
}

impl FromRequest for Agent {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let person = person(&deps(&request), &request, Role::Agent).await?;
            let caller = Caller::new(&person.id, person.role, &request);
            Ok(Self(person, caller))
        })
    }
}

fn deps(request: &HttpRequest) -> web::Data<Dependencies> {
    request
        .app_data::<web::Data<Dependencies>>()
        .expect("routes() gives every route its parts")
        .clone()
}

async fn admin(deps: &Dependencies, request: &HttpRequest) -> ApiResult<Caller> {
    if let Some(brought) = bearer(request) {
        // A request with a token is judged by the token; a valid cookie does not replace a wrong token.
        return match deps.identify.admin_token(brought, client_address(request)) {
            Ok(()) => Ok(Caller::new("token", Role::Admin, request)),
            Err(IdentityError::Wrong) => {
                let message = "This is not the admin.token of this server.";
                Err(ApiError::new(ApiErrorCode::Forbidden, message))
            }
            Err(error) => Err(error.into()),
        };
    }
    if Cookie::Session.of(deps, request).is_some() {
        match person(deps, request, Role::Admin).await {
            // A cookie of an expired session counts as absent.
            Err(error) if error.code == ApiErrorCode::NotSignedIn => {}
            known => {
                let Person { id, role, .. } = known?;
                return Ok(Caller::new(&id, role, request));
            }
        }
    }
    Err(ApiError::new(
        ApiErrorCode::NotSignedIn,
        "Administration is for admins who have signed in, and for callers who bring admin.token.",
    ))
}

/// True if an admin makes this request, or a program with `admin.token`. Used to decide who is served when the server
/// is full; it grants no permission, because each route still has its guard. Only routes that accept the token
/// compare it, and each comparison counts as an attempt.
pub(super) async fn is_admin(request: &HttpRequest) -> bool {
    let deps = deps(request);
    if let Some(brought) = bearer(request) {
        let is_taken = request.path().starts_with("/admin/");
        return is_taken && deps.identify.admin_token(brought, client_address(request)).is_ok();
    }
    session(&deps, request).await.is_ok_and(|it| it.person.role == Role::Admin)
}

/// The person of this session, if the role suffices.
async fn person(deps: &Dependencies, request: &HttpRequest, least: Role) -> ApiResult<Person> {
    let SignedIn { person, csrf } = session(deps, request).await?;
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // A browser opens a WebSocket for any page, and lets that page read its messages.
    if (changes || is_upgrade) && !deps.origins.is_own(request) {
        let message = "Only pages of this server may do this.";
        return Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message));
    }
    let brought = request.headers().get(CSRF).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if changes && !bool::from(brought.as_bytes().ct_eq(csrf.as_bytes())) {
        let message = "X-CSRF-Token has to bring the csrf of /api/me; load the page again.";
        return Err(ApiError::new(ApiErrorCode::NoCsrfToken, message));
    }
    if person.role < least {
        let message = format!("This is for the role {}.", least.as_str());
        return Err(ApiError::new(ApiErrorCode::Forbidden, message));
    }
    Ok(person)
}

/// The session of the cookie.
pub(super) async fn session(deps: &Dependencies, request: &HttpRequest) -> ApiResult<SignedIn> {
    let not_signed_in = || ApiError::new(ApiErrorCode::NotSignedIn, "Sign in first.");
    let secret = Cookie::Session.of(deps, request).ok_or_else(not_signed_in)?;
    deps.identify.authenticate(secret).await?.ok_or_else(not_signed_in)
}

/// Returns a check that can be repeated: is the user of this request still signed in, and in the same role? While the
/// accounts are unavailable the answer is yes.
pub(super) fn still_in(deps: &Dependencies, request: &HttpRequest, role: Role) -> SessionCheck {
    let identify = Arc::clone(&deps.identify);
    let secret: Arc<str> = Cookie::Session.of(deps, request).unwrap_or_default().into();
    Arc::new(move |is_used| {
        let (identify, secret) = (Arc::clone(&identify), Arc::clone(&secret));
        Box::pin(async move {
            let known = if is_used {
                identify.authenticate(&secret).await.map(|it| it.map(|it| it.person))
            } else {
                identify.peek(&secret).await
            };
            known.map_or(true, |person| person.is_some_and(|person| person.role == role))
        })
    })
}

/// True if this browser may load the page of this role. The page itself contains no data; a visitor without a session
/// is redirected to the sign-in page.
pub(super) async fn admits_page(deps: &Dependencies, request: &HttpRequest, role: Role) -> bool {
    let known = match role {
        Role::Agent => session(deps, request).await.is_ok(),
        Role::Admin => session(deps, request).await.is_ok_and(|it| it.person.role >= role),
    };
    // Before there is an account a sign-in is impossible, but the page accepts the token too, if there is one.
    let takes_token = role == Role::Admin && deps.takes_admin_token;
    known || (takes_token && !matches!(deps.identify.has_accounts().await, Ok(true)))
}

/// The check for changes without a session, i.e. signing in: the request comes from one of our own pages, or
/// from a program.
pub(super) fn from_our_page(deps: &Dependencies, request: &HttpRequest) -> ApiResult<()> {
    if deps.origins.is_own(request) {
        return Ok(());
    }
    let message = "Only pages of this server may sign in.";
    Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

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
    ) -> (HeaderName, String) {
        let secure = deps.origins.is_https(request);
        let (name, seconds) = (self.name(secure), lasts.as_secs());
        let only_https = if secure { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{only_https}"
        );
        (header::SET_COOKIE, cookie)
    }

    /// Deletes the cookie.
    pub(super) fn clear(self, deps: &Dependencies, request: &HttpRequest) -> (HeaderName, String) {
        self.set(deps, request, "", Duration::ZERO)
    }
}

/// The error for a caller who could not be signed in.
impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let code = match &error {
            IdentityError::Wrong => ApiErrorCode::WrongSignIn,
            IdentityError::TooMany { .. } => ApiErrorCode::TooManyTries,
            IdentityError::Weak(_) => ApiErrorCode::WeakPassword,
            IdentityError::Unfit(_) => ApiErrorCode::Unfit,
            IdentityError::LinkSpent => ApiErrorCode::LinkSpent,
            IdentityError::NoRole => ApiErrorCode::Forbidden,
            IdentityError::NotVerified { cause } => {
                warn!(cause:% = cause; "a sign-in at the provider was not brought to its end");
                ApiErrorCode::NotVerified
            }
            IdentityError::Down { cause } => {
                warn!(cause:% = cause; "signing in is unavailable");
                ApiErrorCode::Unavailable
            }
        };
        let words = error.to_string();
        let mut letters = words.chars();
        let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
        let shown = Self::new(code, format!("{first}{}.", letters.as_str()));
        match error {
            IdentityError::TooMany { wait } => shown.retry_after(wait + Duration::from_secs(1)),
            _ => shown,
        }
    }
}
