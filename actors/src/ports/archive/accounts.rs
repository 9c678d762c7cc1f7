//! The accounts of the team, and their sessions.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ArchiveError, ArchiveReply};

/// Stores accounts and sessions. It computes no hash: callers pass hashes.
pub trait Accounts: Send + Sync + 'static {
    /// Number of accounts. Zero is a first start.
    fn count(&self) -> ArchiveReply<'_, u64>;

    /// Adds an account, with the given failures and lock.
    fn add(&self, account: Account) -> ArchiveReply<'_, (), AccountError>;

    /// Stores a link that creates the first account, on every pod. One that `replaces` makes all others void.
    fn add_first_link(&self, link: FirstLink, replaces: bool, now_ms: u64) -> ArchiveReply<'_, ()>;

    /// True if a link with this hash is valid now.
    fn is_first_link(&self, hash: &str, now_ms: u64) -> ArchiveReply<'_, bool>;

    /// Adds the first account by a link, which makes all links void: decided in one step, so that of concurrent
    /// attempts, on however many pods, one succeeds.
    ///
    /// # Errors
    /// [`AccountError::NotFirst`] if there is an account or the link is not valid now.
    fn add_first(
        &self,
        account: Account,
        link_hash: &str,
        now_ms: u64,
    ) -> ArchiveReply<'_, (), AccountError>;

    /// All accounts, by name.
    fn all(&self) -> ArchiveReply<'_, Vec<Account>>;

    /// The account with this id.
    fn by_id(&self, id: &str) -> ArchiveReply<'_, Option<Account>>;

    /// The account with this mail address, ignoring case.
    fn by_address(&self, address: &str) -> ArchiveReply<'_, Option<Account>>;

    /// The account of a user of the OpenID provider: issuer and subject in one text.
    fn by_subject(&self, subject: &str) -> ArchiveReply<'_, Option<Account>>;

    /// Changes the given fields. Disabling an account or changing its hash or role ends its sessions.
    fn change(&self, id: &str, change: AccountChange) -> ArchiveReply<'_, Account, AccountError>;

    /// Counts an attempt to sign in by password under each of its limits, or refuses it. Atomic over all concurrent
    /// attempts on all pods. A refused attempt is not counted.
    fn count_attempt(&self, attempt: SignInAttempt) -> ArchiveReply<'_, AttemptOutcome>;

    /// The counted attempt has succeeded: it is not a failure.
    fn attempt_succeeded(&self, attempt: SignInAttempt) -> ArchiveReply<'_, ()>;

    /// True if this device has signed in to the account with this mail address since then.
    fn is_device_of(&self, hash: &str, address: &str, since_ms: u64) -> ArchiveReply<'_, bool>;

    /// Stores a device of a sign-in. The newest [`MOST_DEVICES`] are kept.
    fn remember_device(&self, hash: &str, account: &str, now_ms: u64) -> ArchiveReply<'_, ()>;

    /// Counts a failed sign-in and marks the account as attacked if there are many; returns the account. Atomic over
    /// all concurrent attempts on all pods. It refuses no later sign-in.
    fn sign_in_failed(
        &self,
        id: &str,
        lock_out: LockOut,
    ) -> ArchiveReply<'_, Account, AccountError>;

    /// Stores the session of a successful sign-in and resets the failures.
    fn signed_in(&self, session: AccountSession) -> ArchiveReply<'_, (), AccountError>;

    /// The session of this hash and its account, unless it has expired at this time or the account is disabled.
    fn session(
        &self,
        hash: &str,
        now_ms: u64,
    ) -> ArchiveReply<'_, Option<(AccountSession, Account)>>;

    /// Stores that the session was used. Callers do it once a minute, not for every request.
    fn session_used(&self, hash: &str, now_ms: u64) -> ArchiveReply<'_, ()>;

    /// Ends a session.
    fn sign_out(&self, hash: &str) -> ArchiveReply<'_, ()>;

    /// Ends all sessions of an account; returns their number.
    fn sign_out_everywhere(&self, id: &str) -> ArchiveReply<'_, u64>;
}

/// A link that creates the first account, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstLink {
    /// The hash of its token.
    pub hash: String,
    /// When it expires, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// A team member.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, which never changes.
    pub id: String,
    /// The name that colleagues and visitors see.
    pub name: String,
    /// The mail address for signing in.
    pub address: String,
    /// What its member may do.
    pub role: Role,
    /// The argon2 hash of the password, a PHC string; none if the account signs in by OpenID only.
    pub password_hash: Option<String>,
    /// The user's id at the OpenID provider: issuer and subject in one text.
    pub subject: Option<String>,
    /// True if the account is disabled.
    pub is_disabled: bool,
    /// Failed attempts since the last sign-in.
    pub failures: u32,
    /// End of the time in which many failures count as an attack on the account. It refuses no sign-in.
    pub locked_until_ms: Option<u64>,
    /// Time of creation.
    pub created_ms: u64,
}

impl std::fmt::Debug for Account {
    /// Without address and hash, because accounts are logged with `{:?}`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({}, {}, disabled: {})", self.id, self.role.as_str(), self.is_disabled)
    }
}

/// The role of an account. An admin has all permissions of an agent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Talks to visitors.
    Agent,
    /// Also runs the server.
    Admin,
}

impl Role {
    /// The value in the archive, in the settings and on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The changes of an account; fields that are none stay.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// The name that colleagues and visitors see.
    pub name: Option<String>,
    /// What its member may do; a change ends its sessions.
    pub role: Option<Role>,
    /// The hash of a new password; it also unlocks.
    pub password_hash: Option<String>,
    /// The user's id at the OpenID provider.
    pub subject: Option<String>,
    /// Disables or enables the account.
    pub is_disabled: Option<bool>,
    /// True resets failures and every limit on attempts, on all pods.
    pub unlock: bool,
}

/// Devices of one account that are stored: more than a person uses.
pub const MOST_DEVICES: u32 = 20;

/// An attempt to sign in by password, and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInAttempt {
    /// The mail address, in lower case. It is stored only as the id of its account.
    pub address: String,
    /// Time of the attempt, in milliseconds since 1970.
    pub now_ms: u64,
    /// The limits that may refuse it.
    pub limits: Vec<AttemptLimit>,
    /// The hash under which attempts of unknown devices on this address are counted, if this is one. From
    /// [`AttemptLimit::ATTACK_AFTER`] attempts on, limits allow [`AttemptLimit::free_under_attack`].
    pub watched: Option<String>,
}

/// A limit on failed attempts: the first ones are free, then each doubles the wait before the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLimit {
    /// Hash of the counted key.
    pub key: String,
    /// Failures without a wait.
    pub free: u32,
    /// The same while unknown devices attack the address.
    pub free_under_attack: u32,
    /// Bound of the wait, which doubles with each failure.
    pub longest_wait: Duration,
    /// True if a success only removes its own attempt; else it resets all.
    pub is_shared: bool,
}

impl AttemptLimit {
    /// Attempts by unknown devices within [`Self::FORGOTTEN_AFTER`] from which an address is attacked.
    pub const ATTACK_AFTER: u32 = 20;
    /// Time without a further failure after which failures are forgotten.
    pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
    /// The first wait; each further failure doubles it.
    const FIRST_WAIT: Duration = Duration::from_secs(1);

    /// Wait after the last failure until the next attempt is admitted.
    pub fn wait_after(&self, failures: u32, is_under_attack: bool) -> Duration {
        let free = if is_under_attack { self.free_under_attack } else { self.free };
        let Some(over) = failures.checked_sub(free) else { return Duration::ZERO };
        let doubled = Self::FIRST_WAIT.saturating_mul(2_u32.saturating_pow(over));
        doubled.min(self.longest_wait)
    }
}

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It is counted as a failure until it succeeds.
    Counted,
    /// A limit refuses it.
    Refused {
        /// Time until the next attempt is admitted.
        wait: Duration,
        /// The first refusal since an attempt was counted: it gets one audit entry, however many follow.
        is_first: bool,
    },
}

/// When an account counts as attacked, and until when. Shown to admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// Consecutive failures from which the account counts as attacked.
    pub after: u32,
    /// End of the attack.
    pub until_ms: u64,
}

/// A signed-in team member.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountSession {
    /// The hash of the cookie's secret: a reader of the archive cannot sign in with it.
    pub hash: String,
    /// Id of the account that is signed in.
    pub account: String,
    /// The CSRF token, required for changes beside the cookie.
    pub csrf: String,
    /// Time of the sign-in.
    pub created_ms: u64,
    /// End of the session.
    pub expires_ms: u64,
    /// Time of the last use.
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
    /// There is an account already, or the link to the first one is void.
    #[error("there is an account already, or the link is void")]
    NotFirst,
    /// No account has this id.
    #[error("there is no such account")]
    Unknown,
    /// No admin would be left.
    #[error("this is the last active admin; create another one first")]
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
