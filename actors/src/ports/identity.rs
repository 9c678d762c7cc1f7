//! Identity: team members by their session, and the management of their accounts.
//!
//! Only the browser knows a secret. Implementations store hashes, and an error to an unauthenticated caller does not
//! say what was wrong.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hsc_conversation::archive::Audit;
use hsc_conversation::{BoxError, ClientAddress};
use serde::Deserialize;
use utoipa::ToSchema;

use super::archive::{Account, AccountError, ArchiveReply, Role};

/// The reply of the accounts: of their management with a [`StaffError`].
pub type IdentityReply<'a, T, E = IdentityError> = BoxFuture<'a, Result<T, E>>;

/// Audits an action of a team member. Returns at once, without waiting for the archive.
pub type Auditor = Arc<dyn Fn(Audit) + Send + Sync>;

/// Whether the sign-in session of a socket is still valid. The argument is true if the agent has acted since the last
/// check: that counts as a use of the session, reading does not.
pub type SessionCheck = Arc<dyn Fn(bool) -> BoxFuture<'static, bool> + Send + Sync>;

/// Signs team members in and out, and verifies their sessions.
pub trait Identify: Send + Sync + 'static {
    /// The team member whose session has this secret; `None` when it has ended.
    fn authenticate<'a>(&'a self, secret: &'a str) -> IdentityReply<'a, Option<SignedIn>>;

    /// The same without counting as a use of the session.
    fn peek<'a>(&'a self, secret: &'a str) -> IdentityReply<'a, Option<Person>>;

    /// True if an account exists.
    fn has_accounts(&self) -> IdentityReply<'_, bool>;

    /// Compares a token with `admin.token` in constant time. Attempts are limited per client address, also correct
    /// ones during a wait; failures, and the first use in an hour, are audited.
    ///
    /// # Errors
    /// [`IdentityError::TooMany`], or [`IdentityError::Wrong`].
    fn admin_token(&self, token: &str, from: ClientAddress) -> Result<(), IdentityError>;

    /// Signs in by password. An unknown name takes as long as a wrong password.
    fn sign_in(&self, attempt: Attempt) -> IdentityReply<'_, OpenedSession>;

    /// Ends the session of this secret, or all sessions of its account.
    fn sign_out<'a>(&'a self, secret: &'a str, everywhere: bool) -> IdentityReply<'a, ()>;

    /// Creates the first account, an admin, by the link of a first start.
    fn first(&self, first: FirstAdmin, from: ClientAddress) -> IdentityReply<'_, OpenedSession>;

    /// Display name of the OpenID provider; none if there is none.
    fn provider(&self) -> Option<&str>;

    /// Begins a sign-in at the provider, which redirects the browser to this address afterwards.
    fn begin(&self, back_to: String) -> IdentityReply<'_, ProviderSignIn>;

    /// Completes a sign-in after [`Identify::begin`].
    fn end(&self, returned: ProviderCallback) -> IdentityReply<'_, OpenedSession>;
}

/// A team member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id of the account.
    pub id: String,
    /// The name that colleagues and visitors see.
    pub name: String,
    /// What the account permits.
    pub role: Role,
}

/// An authenticated team member.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The team member.
    pub person: Person,
    /// The CSRF token, required for changes beside the cookie.
    pub csrf: String,
}

/// A session that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The team member and the CSRF token.
    pub signed_in: SignedIn,
    /// The value of the cookie; stored nowhere else.
    pub secret: String,
    /// Longest lifetime of the session.
    pub lasts: Duration,
    /// The device secret, for a cookie of its own that outlives the session: its attempts are counted separately from
    /// those of unknown devices.
    pub device: String,
    /// How long the device is remembered.
    pub device_lasts: Duration,
}

/// An attempt to sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The mail address of the account, as it was typed.
    pub address: String,
    /// The password, as it was typed.
    pub password: String,
    /// Address of the client, whose attempts are limited.
    pub from: ClientAddress,
    /// The device secret of the browser, if it has one.
    pub device: Option<String>,
}

/// The first account.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = FirstAccount)]
pub struct FirstAdmin {
    /// `token` from the link.
    pub token: String,
    /// The name that colleagues and visitors see.
    pub name: String,
    /// The mail address to sign in with.
    pub address: String,
    /// The password.
    pub password: String,
}

/// A sign-in at the provider that was begun.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSignIn {
    /// The address of the redirect.
    pub address: String,
    /// The value of a cookie that the browser returns: it binds the return to the same browser.
    pub state_cookie: String,
}

/// The parameters of a return from the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderCallback {
    /// [`ProviderSignIn::state_cookie`], if the browser still has it.
    pub state_cookie: Option<String>,
    /// `state` of the address.
    pub state: String,
    /// `code` of the address, or `error`.
    pub code: Result<String, String>,
    /// The address that was passed to [`Identify::begin`].
    pub back_to: String,
    /// Address of the client that came back.
    pub from: ClientAddress,
}

/// Why a sign-in failed. A variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Address or password is wrong, or the account is disabled. The caller is not told which.
    #[error("this address and password do not belong together")]
    Wrong,
    /// Too many attempts, for this name or from this client.
    #[error("too many tries; wait a while")]
    TooMany {
        /// Time until the next attempt.
        wait: Duration,
    },
    /// The password is too easy to guess, for this reason.
    #[error("{0}")]
    Weak(String),
    /// The name or the address is invalid, for this reason.
    #[error("{0}")]
    Unfit(String),
    /// The link of the first start is wrong, was used, or has expired.
    #[error(
        "this link was used or is too old; a server without any account prints a new one when it starts"
    )]
    LinkSpent,
    /// The settings give the provider's user no role, or the account is disabled.
    #[error("this account has no role here")]
    NoRole,
    /// The sign-in at the provider was not completed, or its result is invalid.
    #[error("signing in at the provider did not work")]
    NotVerified {
        /// For the server's log.
        #[source]
        cause: BoxError,
    },
    /// Signing in is unavailable.
    #[error("signing in does not work just now; try again in a moment")]
    Down {
        /// For the server's log.
        #[source]
        cause: BoxError,
    },
}

/// Adds accounts and changes them. The caller checks the permission.
pub trait Staff: Send + Sync + 'static {
    /// All accounts, by name.
    fn all(&self) -> ArchiveReply<'_, Vec<Account>>;

    /// Adds an account.
    fn add(&self, newcomer: NewAccount) -> IdentityReply<'_, Account, StaffError>;

    /// Changes the given fields. An account that is disabled, or gets another role or password, is
    /// signed out everywhere.
    fn change<'a>(
        &'a self,
        id: &'a str,
        change: StaffChange,
    ) -> IdentityReply<'a, Account, StaffError>;
}

/// A new account.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountCreation)]
pub struct NewAccount {
    /// The name that colleagues and visitors see, 1 to 80 characters.
    pub name: String,
    /// The mail address to sign in with.
    pub address: String,
    /// What the account may do.
    pub role: Role,
    /// 12 to 200 characters, not easy to guess.
    pub password: String,
}

/// Changes of an account; absent fields stay.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Change)]
pub struct StaffChange {
    /// The name that colleagues and visitors see, 1 to 80 characters.
    pub name: Option<String>,
    /// Another role signs the account out everywhere.
    pub role: Option<Role>,
    /// A new password; it also removes a lock.
    pub password: Option<String>,
    /// True disables signing in.
    pub is_disabled: Option<bool>,
    /// True removes a lock after too many failures.
    #[serde(default)]
    pub unlock: bool,
}

/// Why an account was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// A field is invalid, or the password could not be hashed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The archive refused it.
    #[error(transparent)]
    Account(#[from] AccountError),
}
