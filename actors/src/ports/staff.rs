//! Management of the team's accounts by an admin.

use futures::future::BoxFuture;

use super::IdentityError;
use super::archive::{Account, AccountError, ArchiveError, Role};

/// Adds accounts and changes them. The caller checks the permission.
pub trait Staff: Send + Sync + 'static {
    /// All accounts, by name.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>>;

    /// Adds an account.
    fn add(&self, newcomer: NewAccount) -> BoxFuture<'_, Result<Account, StaffError>>;

    /// Changes the given fields. An account that is disabled, or gets another role or password, is
    /// signed out everywhere.
    fn change<'a>(
        &'a self,
        id: &'a str,
        change: StaffChange,
    ) -> BoxFuture<'a, Result<Account, StaffError>>;
}

/// A new account, as typed.
#[derive(Clone)]
pub struct NewAccount {
    /// The name that colleagues and visitors see.
    pub name: String,
    /// The mail address to sign in with.
    pub address: String,
    /// The role.
    pub role: Role,
    /// The password.
    pub password: String,
}

/// The changes of an account, as typed; fields that are none stay.
#[derive(Clone, Default)]
pub struct StaffChange {
    /// The name.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// A new password; it also unlocks.
    pub password: Option<String>,
    /// Disables or enables the account.
    pub is_disabled: Option<bool>,
    /// True resets failures and every limit on attempts, on all pods.
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
