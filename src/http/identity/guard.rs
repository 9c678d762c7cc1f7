//! Who may pass: the guards that a route takes as arguments.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest, web};
use futures::future::LocalBoxFuture;
use hsc_actors::ports::archive::Role;
use hsc_actors::ports::{IdentityError, Person, SessionCheck, SignedIn};
use hsc_conversation::archive::Audit;
use log::warn;
use subtle::ConstantTimeEq as _;

use super::super::{ApiError, ApiErrorCode, Dependencies, client_address};
use super::cookie::Cookie;

/// Header with the session's token, on whatever changes something.
const CSRF: &str = "x-csrf-token";

/// Who may administrate and does.
pub(crate) struct Admin(pub(crate) Caller);

/// Who may talk to visitors and does, an agent or an admin; and the same for the audit.
pub(crate) struct Agent(pub(crate) Person, pub(crate) Caller);

/// Who calls, for the audit.
pub(crate) struct Caller {
    who: Who,
    from: String,
}

enum Who {
    /// A team member, by session.
    Person(Person),
    /// The holder of `admin.token`.
    Token,
}

impl Caller {
    /// The address of the caller, as the audit tells it.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// Writes down what the caller did: the action as `cache.invalidate`, what it was done to, more.
    pub(crate) fn did(&self, deps: &Dependencies, action: &str, subject: &str, detail: &str) {
        let (who, role) = match &self.who {
            Who::Person(person) => (person.id.as_str(), person.role.as_str()),
            Who::Token => ("token", Role::Admin.as_str()),
        };
        (deps.auditor)(Audit {
            who: who.to_owned(),
            role: role.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            address: self.from.clone(),
        });
    }
}

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { admin(&deps(&request), &request).await.map(Self) })
    }
}

impl FromRequest for Agent {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let person = person(&deps(&request), &request, Role::Agent).await?;
            let caller = Caller {
                who: Who::Person(person.clone()),
                from: client_address(&request).to_string(),
            };
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

async fn admin(deps: &Dependencies, request: &HttpRequest) -> Result<Caller, ApiError> {
    let caller = |who| Caller { who, from: client_address(request).to_string() };
    if let Some(brought) = bearer(request) {
        // Whoever brings a token means to be known by it; a wrong one is not made good by a cookie.
        return match deps.identify.admin_token(brought, client_address(request)) {
            Ok(()) => Ok(caller(Who::Token)),
            Err(IdentityError::Wrong) => {
                let message = "This is not the admin.token of this server.";
                Err(ApiError::new(ApiErrorCode::Forbidden, message))
            }
            Err(error) => Err(trouble(error)),
        };
    }
    if Cookie::Session.of(deps, request).is_some() {
        match person(deps, request, Role::Admin).await {
            // A cookie that outlived its session is none.
            Err(trouble) if trouble.code == ApiErrorCode::NotSignedIn => {}
            known => return Ok(caller(Who::Person(known?))),
        }
    }
    Err(ApiError::new(
        ApiErrorCode::NotSignedIn,
        "Administration is for admins who have signed in, and for callers who bring admin.token.",
    ))
}

/// Whether an admin makes this request, or a program that brings `admin.token`. It need not be one that the
/// admin may make: this decides who is answered when the server is full, and each route still has its guard. A
/// token is compared for the routes that take it alone, as an attempt like any other.
pub(crate) async fn is_admin(request: &HttpRequest) -> bool {
    let deps = deps(request);
    if let Some(brought) = bearer(request) {
        let is_taken = request.path().starts_with("/admin/");
        return is_taken && deps.identify.admin_token(brought, client_address(request)).is_ok();
    }
    session(&deps, request).await.is_ok_and(|it| it.person.role == Role::Admin)
}

/// The person whose session this is, where they may.
async fn person(
    deps: &Dependencies,
    request: &HttpRequest,
    least: Role,
) -> Result<Person, ApiError> {
    let SignedIn { person, csrf } = session(deps, request).await?;
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // A browser opens a socket for any page, and lets that page read what comes over it.
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

/// The session that the cookie names.
pub(super) async fn session(
    deps: &Dependencies,
    request: &HttpRequest,
) -> Result<SignedIn, ApiError> {
    let nobody = || ApiError::new(ApiErrorCode::NotSignedIn, "Sign in first.");
    let secret = Cookie::Session.of(deps, request).ok_or_else(nobody)?;
    deps.identify.whose(secret).await.map_err(trouble)?.ok_or_else(nobody)
}

/// Whether whoever opens a socket with this request is still signed in, and in the same role, whenever it
/// is asked later. Accounts that cannot be asked put nobody out.
pub(crate) fn still_in(deps: &Dependencies, request: &HttpRequest, role: Role) -> SessionCheck {
    let identify = Arc::clone(&deps.identify);
    let secret: Arc<str> = Cookie::Session.of(deps, request).unwrap_or_default().into();
    Arc::new(move |is_used| {
        let (identify, secret) = (Arc::clone(&identify), Arc::clone(&secret));
        Box::pin(async move {
            let known = if is_used {
                identify.whose(&secret).await.map(|it| it.map(|it| it.person))
            } else {
                identify.peek(&secret).await
            };
            known.map_or(true, |person| person.is_some_and(|person| person.role == role))
        })
    })
}

/// Whether this browser may see the page of this role. The page holds nothing by itself; this is for
/// whoever comes without being signed in, to be sent where they can.
pub(crate) async fn admits_page(deps: &Dependencies, request: &HttpRequest, role: Role) -> bool {
    let known = match role {
        Role::Agent => session(deps, request).await.is_ok(),
        Role::Admin => session(deps, request).await.is_ok_and(|it| it.person.role >= role),
    };
    // Before there is an account nobody can sign in, but the page takes the token too, where there is one.
    let takes_token = role == Role::Admin && deps.admin.token.reveal().is_some();
    known || (takes_token && !matches!(deps.identify.has_accounts().await, Ok(true)))
}

/// What may change something without a session: signing in. From one of our own pages, or from a program.
pub(super) fn from_our_page(deps: &Dependencies, request: &HttpRequest) -> Result<(), ApiError> {
    if deps.origins.is_own(request) {
        return Ok(());
    }
    let message = "Only pages of this server may sign in.";
    Err(ApiError::new(ApiErrorCode::OriginNotAllowed, message))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// What a caller is told of why they were not signed in.
pub(crate) fn trouble(error: IdentityError) -> ApiError {
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
            warn!(cause:% = cause; "nobody can be signed in just now");
            ApiErrorCode::Unavailable
        }
    };
    let wait = match &error {
        IdentityError::TooMany { wait } => Some(*wait + Duration::from_secs(1)),
        _ => None,
    };
    let words = error.to_string();
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    let trouble = ApiError::new(code, format!("{first}{}.", letters.as_str()));
    wait.map_or(trouble.clone(), |wait| trouble.retry_after(wait))
}
