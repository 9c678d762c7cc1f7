//! Identity: team members by their session, visitors by the token of the embedding site.
//!
//! A secret is known to its owner's browser alone. Whoever implements this keeps hashes, and says no
//! more to a stranger than that it was not right.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::archive::Role;
use hsc_conversation::archive::Audit;
use hsc_conversation::{BoxError, ClientAddress};

/// Audits an action of a team member. Returns at once, without waiting for the archive.
pub type Auditor = Arc<dyn Fn(Audit) + Send + Sync>;

/// Whether the session that opened a socket still holds. True is said of one whose agent has done something
/// since this was last asked: that is a use of the session, looking on is none.
pub type SessionCheck = Arc<dyn Fn(bool) -> BoxFuture<'static, bool> + Send + Sync>;

/// Signs people of the team in and out, and knows them again.
pub trait Identify: Send + Sync + 'static {
    /// The team member whose session has this secret; `None` when it has ended.
    fn whose<'a>(
        &'a self,
        secret: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignedIn>, IdentityError>>;

    /// Whose session has this secret, without it being used by that: it goes on growing old.
    fn peek<'a>(&'a self, secret: &'a str) -> BoxFuture<'a, Result<Option<Person>, IdentityError>>;

    /// True once anybody can sign in at all.
    fn has_accounts(&self) -> BoxFuture<'_, Result<bool, IdentityError>>;

    /// Checks a token against `admin.token` in constant time. Attempts are limited per client address, also
    /// right ones while the client has to wait; failures, and the first use of an hour, are audited.
    ///
    /// # Errors
    /// [`IdentityError::TooMany`], or [`IdentityError::Wrong`].
    fn admin_token(&self, token: &str, from: ClientAddress) -> Result<(), IdentityError>;

    /// Signs in by password. Takes as long for an unknown name as for a wrong password.
    fn sign_in(&self, attempt: Attempt) -> BoxFuture<'_, Result<OpenedSession, IdentityError>>;

    /// Ends the session of this secret, or all sessions of whose it is.
    fn sign_out<'a>(
        &'a self,
        secret: &'a str,
        everywhere: bool,
    ) -> BoxFuture<'a, Result<(), IdentityError>>;

    /// Makes the first account, an admin, by the link that a first start prints.
    fn first(&self, first: FirstAdmin) -> BoxFuture<'_, Result<OpenedSession, IdentityError>>;

    /// What the OpenID provider is called, where there is one.
    fn provider(&self) -> Option<&str>;

    /// Begins to sign in at the provider, who sends the browser back to this address.
    fn begin(&self, back_to: String) -> BoxFuture<'_, Result<ProviderSignIn, IdentityError>>;

    /// Ends what [`Identify::begin`] began.
    fn end(
        &self,
        returned: ProviderCallback,
    ) -> BoxFuture<'_, Result<OpenedSession, IdentityError>>;
}

/// A team member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id of the account.
    pub id: String,
    /// The name that colleagues and visitors see.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A team member, known by a session.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// What a request that changes something has to bring beside the cookie.
    pub csrf: String,
}

/// A session that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// Who, and what their pages have to bring.
    pub signed_in: SignedIn,
    /// What goes into the cookie, and nowhere else.
    pub secret: String,
    /// How long the session lasts at most.
    pub lasts: Duration,
    /// The device secret, for a cookie of its own that outlives the session: attempts with it are counted
    /// apart from those of everybody else.
    pub device: String,
    /// How long the device is remembered.
    pub device_lasts: Duration,
}

/// A try to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The mail address of the account, as it was typed.
    pub address: String,
    /// The password.
    pub password: String,
    /// The client it comes from.
    pub from: ClientAddress,
    /// The device secret that the browser brings, where it has one.
    pub device: Option<String>,
}

/// The first account, and what proves that its maker may make it.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstAdmin {
    /// What the link brought.
    pub token: String,
    /// The name that colleagues and visitors will see.
    pub name: String,
    /// The mail address to sign in with.
    pub address: String,
    /// The password.
    pub password: String,
    /// The client it comes from.
    pub from: ClientAddress,
}

/// A sign-in at the provider that has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSignIn {
    /// Where the browser goes.
    pub address: String,
    /// What the browser keeps in a cookie and brings back: it proves that who returns is who went.
    pub kept: String,
}

/// What a browser that returns from the provider brings.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderCallback {
    /// [`ProviderSignIn::kept`], where the browser still has it.
    pub kept: Option<String>,
    /// `state` of the address.
    pub state: String,
    /// `code` of the address, or `error`.
    pub code: Result<String, String>,
    /// What [`Identify::begin`] was given.
    pub back_to: String,
    /// The client it comes from.
    pub from: ClientAddress,
}

/// Why a sign-in failed. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not these two together. Never says which, nor that the account is disabled.
    #[error("this address and password do not belong together")]
    Wrong,
    /// Too many tries, for this name or from this machine.
    #[error("too many tries; wait a while")]
    TooMany {
        /// How long.
        wait: Duration,
    },
    /// The password is too easy to guess, and this is why.
    #[error("{0}")]
    Weak(String),
    /// The name or the address will not do, and this is why.
    #[error("{0}")]
    Unfit(String),
    /// The link of the first start is not this one, was used, or is too old.
    #[error(
        "this link was used or is too old; a server without any account prints a new one when it starts"
    )]
    LinkSpent,
    /// The provider knows them and the settings give them no role, or the account is disabled.
    #[error("this account has no role here")]
    NoRole,
    /// The sign-in at the provider was not brought to its end, or what came back is not right.
    #[error("signing in at the provider did not work")]
    NotVerified {
        /// For the log of the server.
        #[source]
        cause: BoxError,
    },
    /// No sign-in is possible at the moment.
    #[error("signing in does not work just now; try again in a moment")]
    Down {
        /// For the log of the server.
        #[source]
        cause: BoxError,
    },
}
