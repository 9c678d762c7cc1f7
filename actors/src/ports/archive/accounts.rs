//! Who of the team may sign in.

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ArchiveError;

/// Keeps accounts and who is signed in. It hashes nothing: hashes go in and come out.
pub trait Accounts: Send + Sync + 'static {
    /// How many there are. None is a first start.
    fn count(&self) -> BoxFuture<'_, Result<u64, ArchiveError>>;

    /// Adds one. Failures and lock are as they come.
    fn add(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>>;

    /// Adds the first one, where there is none: counted and added in one step, so that of many who try at
    /// once, on however many pods, one does it.
    fn add_first(&self, account: Account) -> BoxFuture<'_, Result<(), AccountError>>;

    /// All of them, by name.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>>;

    /// The one of this id.
    fn by_id(&self, id: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>>;

    /// The one of this mail address, whatever its case.
    fn by_address(&self, address: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>>;

    /// The one an OpenID provider vouches for: issuer and subject in one text.
    fn by_subject(&self, subject: &str) -> BoxFuture<'_, Result<Option<Account>, ArchiveError>>;

    /// Changes what is given. Disabling an account or changing its hash or role ends its sessions.
    fn change(
        &self,
        id: &str,
        change: AccountChange,
    ) -> BoxFuture<'_, Result<Account, AccountError>>;

    /// A sign-in failed. Counts it and locks the account when there are too many; gives the account as it
    /// is now. Decided in one step, however many try at once on however many pods.
    fn sign_in_failed(
        &self,
        id: &str,
        lock_out: LockOut,
    ) -> BoxFuture<'_, Result<Account, AccountError>>;

    /// A sign-in succeeded: failures are forgotten, the session is kept.
    fn signed_in(&self, session: AccountSession) -> BoxFuture<'_, Result<(), AccountError>>;

    /// The session of this hash and its account, unless it is over at this time or the account is
    /// disabled.
    fn session(
        &self,
        hash: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<Option<(AccountSession, Account)>, ArchiveError>>;

    /// The session was used now. Not for every request: callers do it once a minute.
    fn session_used(&self, hash: &str, now_ms: u64) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Signs out.
    fn sign_out(&self, hash: &str) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// Signs an account out everywhere; says of how many sessions.
    fn sign_out_everywhere(&self, id: &str) -> BoxFuture<'_, Result<u64, ArchiveError>>;
}

/// Somebody of the team.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, which never changes.
    pub id: String,
    /// The name that colleagues and visitors see.
    pub name: String,
    /// The mail address they sign in with.
    pub address: String,
    /// What they may do.
    pub role: Role,
    /// The argon2 hash of the password, a PHC string; none signs in by OpenID only.
    pub password_hash: Option<String>,
    /// What an OpenID provider calls them: issuer and subject in one text.
    pub subject: Option<String>,
    /// True when they may not sign in.
    pub is_disabled: bool,
    /// Failed sign-ins since the last one that succeeded.
    pub failures: u32,
    /// Until when no sign-in is tried.
    pub locked_until_ms: Option<u64>,
    /// Since when there is this account.
    pub created_ms: u64,
}

impl std::fmt::Debug for Account {
    /// Without address and hash: accounts get into logs by way of `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}, {}, disabled: {})", self.id, self.role.as_str(), self.is_disabled)
    }
}

/// What somebody may do. An admin may do what an agent may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks to visitors.
    Agent,
    /// Runs the server too.
    Admin,
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Agent, Self::Admin];

    /// The word in the archive, in the settings and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

/// What is to be changed; what is none stays.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The name.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The hash of a new password; it also takes a lock away.
    pub password_hash: Option<String>,
    /// What an OpenID provider calls them.
    pub subject: Option<String>,
    /// May not sign in.
    pub is_disabled: Option<bool>,
    /// True takes away the lock of too many failures.
    pub unlock: bool,
}

/// How many failures are borne.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// From this many failures in a row on, sign-in is locked.
    pub after: u32,
    /// Until when.
    pub until_ms: u64,
}

/// Somebody who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountSession {
    /// The hash of the cookie's secret: who reads the archive cannot sign in with it.
    pub hash: String,
    /// The account.
    pub account: String,
    /// What a changing request has to bring beside the cookie.
    pub csrf: String,
    /// Since when.
    pub created_ms: u64,
    /// Until when.
    pub expires_ms: u64,
    /// When it was used last.
    pub used_ms: u64,
}

impl std::fmt::Debug for AccountSession {
    /// Without what would let somebody else use it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountSession({}, until {})", self.account, self.expires_ms)
    }
}

/// Why an account was not added or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// Somebody has this address or subject.
    #[error("there is an account with this address")]
    Taken,
    /// Somebody was first.
    #[error("there is an account already")]
    NotFirst,
    /// There is none of this id.
    #[error("there is no such account")]
    Unknown,
    /// Nobody could administrate any more.
    #[error("this is the last admin who may sign in; make another one first")]
    LastAdmin,
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}
