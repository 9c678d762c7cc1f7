//! Who of the team may sign in.

use std::time::Duration;

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

    /// Counts an attempt to sign in by password under each of its limits, or refuses it. Decided in one step,
    /// however many attempts are made at once on however many pods. A refused attempt counts nowhere.
    fn count_attempt(
        &self,
        attempt: SignInAttempt,
    ) -> BoxFuture<'_, Result<AttemptOutcome, ArchiveError>>;

    /// The counted attempt was no failure.
    fn attempt_succeeded(&self, attempt: SignInAttempt) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// True where this device has signed in to the account of this mail address since then.
    fn is_device_of(
        &self,
        hash: &str,
        address: &str,
        since_ms: u64,
    ) -> BoxFuture<'_, Result<bool, ArchiveError>>;

    /// Keeps a device with which the account was signed in to. The newest [`MOST_DEVICES`] are kept.
    fn remember_device(
        &self,
        hash: &str,
        account: &str,
        now_ms: u64,
    ) -> BoxFuture<'_, Result<(), ArchiveError>>;

    /// A sign-in failed. Counts it and notes when there are many; gives the account as it is now. Decided in
    /// one step, however many try at once on however many pods. It refuses no later sign-in.
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

/// A team member.
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
    /// Until when many failures count as an attack on the account. It refuses no sign-in.
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

/// The role of an account. An admin may do what an agent may.
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
    /// The hash of a new password; it also does what `unlock` does.
    pub password_hash: Option<String>,
    /// What an OpenID provider calls them.
    pub subject: Option<String>,
    /// May not sign in.
    pub is_disabled: Option<bool>,
    /// True forgets failures and every limit on attempts, on all pods.
    pub unlock: bool,
}

/// Devices of one account that are kept: more than a person signs in with.
pub const MOST_DEVICES: u32 = 20;

/// An attempt to sign in by password, and the limits that it counts under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAttempt {
    /// The mail address, in lower case. It is stored only as the id of its account.
    pub address: String,
    /// When.
    pub now_ms: u64,
    /// What refuses it.
    pub limits: Vec<AttemptLimit>,
    /// Hash under which attempts on this address by unknown devices are counted, where this is one. From
    /// [`AttemptLimit::ATTACK_AFTER`] attempts on, limits allow [`AttemptLimit::free_under_attack`].
    pub watched: Option<String>,
}

/// One limit on failed attempts: some are free, then each doubles the wait before the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLimit {
    /// Hash of what is counted.
    pub key: String,
    /// Failures without a wait.
    pub free: u32,
    /// The same while unknown devices attack the address.
    pub free_under_attack: u32,
    /// Longest wait.
    pub longest_wait: Duration,
    /// True where a success takes back its own attempt alone; else it forgets all.
    pub is_shared: bool,
}

impl AttemptLimit {
    /// Attempts by unknown devices within [`Self::FORGOTTEN_AFTER`] from which an address is attacked.
    pub const ATTACK_AFTER: u32 = 20;
    /// Failures are forgotten when none was added for so long.
    pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
    /// The first wait; each further failure doubles it.
    const FIRST_WAIT: Duration = Duration::from_secs(1);

    /// How long after the last failure the next attempt is admitted.
    #[must_use]
    pub fn wait_after(&self, failures: u32, is_under_attack: bool) -> Duration {
        let free = if is_under_attack { self.free_under_attack } else { self.free };
        let Some(over) = failures.checked_sub(free) else { return Duration::ZERO };
        let doubled = Self::FIRST_WAIT.saturating_mul(2_u32.saturating_pow(over));
        doubled.min(self.longest_wait)
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It is counted as a failure until it succeeds.
    Counted,
    /// A limit refuses it.
    Refused {
        /// How long until the next is admitted.
        wait: Duration,
        /// The first refusal since an attempt was counted: worth one audit entry, however many follow.
        is_first: bool,
    },
}

/// From when on an account counts as attacked, and until when. For the admins to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// From this many failures in a row on, the account counts as attacked.
    pub after: u32,
    /// Until when.
    pub until_ms: u64,
}

/// A signed-in team member.
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
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountSession({}, until {})", self.account, self.expires_ms)
    }
}

/// Why an account was not added or changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// Another account has this address or subject.
    #[error("there is an account with this address")]
    Taken,
    /// There is an account already.
    #[error("there is an account already")]
    NotFirst,
    /// There is none of this id.
    #[error("there is no such account")]
    Unknown,
    /// No admin would be left.
    #[error("this is the last admin who may sign in; make another one first")]
    LastAdmin,
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_after_the_free_failures_up_to_its_longest() {
        let limit = AttemptLimit {
            key: String::new(),
            free: 5,
            free_under_attack: 1,
            longest_wait: Duration::from_secs(900),
            is_shared: false,
        };
        let waits = |attacked| {
            [0, 1, 4, 5, 6, 7, 14, 15, u32::MAX].map(|it| limit.wait_after(it, attacked).as_secs())
        };
        assert_eq!(waits(false), [0, 0, 0, 1, 2, 4, 512, 900, 900]);
        assert_eq!(waits(true), [0, 1, 8, 16, 32, 64, 900, 900, 900]);
    }
}
