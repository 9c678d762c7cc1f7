//! The accounts of the team, kept in order by an admin.

use futures::future::BoxFuture;

use super::IdentityError;
use super::archive::{Account, AccountError, ArchiveError, Role};

/// Adds accounts and changes them. The caller checks the permission.
pub trait Staff: Send + Sync + 'static {
    /// All of them, by name.
    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>>;

    /// Adds one.
    fn add(&self, newcomer: NewAccount) -> BoxFuture<'_, Result<Account, StaffError>>;

    /// Changes what is given. An account that is disabled, or gets another role or password, is signed out everywhere.
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
    /// What they may do.
    pub role: Role,
    /// The password.
    pub password: String,
}

/// What is to be changed of an account, as it was typed; what is none stays.
#[derive(Clone, Default)]
pub struct StaffChange {
    /// The name.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// A new password; it also does what `unlock` does.
    pub password: Option<String>,
    /// May not sign in.
    pub is_disabled: Option<bool>,
    /// True forgets failures and every limit on attempts, on all pods.
    pub unlock: bool,
}

/// Why an account was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// Its parts will not do, or no hash could be made just now.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The accounts did not take it.
    #[error(transparent)]
    Account(#[from] AccountError),
}
