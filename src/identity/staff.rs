//! Account management: create, disable, rename, change role or password.

use futures::future::BoxFuture;
use hsc_actors::ports::archive::{Account, AccountChange, AccountError, ArchiveError};
use hsc_actors::ports::{NewAccount, Staff, StaffChange, StaffError};
use hsc_conversation::clean_name;

use super::account_creation::{judge_name, made};
use super::refusal::unfit;
use super::team::Team;

impl Staff for Team {
    fn all(&self) -> BoxFuture<'_, Result<Vec<Account>, ArchiveError>> {
        self.accounts.all()
    }

    fn add(&self, newcomer: NewAccount) -> BoxFuture<'_, Result<Account, StaffError>> {
        Box::pin(async move {
            let account = made(newcomer, &self.hasher).await?;
            self.accounts.add(account.clone()).await?;
            Ok(account)
        })
    }

    fn change<'a>(
        &'a self,
        id: &'a str,
        change: StaffChange,
    ) -> BoxFuture<'a, Result<Account, StaffError>> {
        Box::pin(async move {
            let StaffChange { name, role, password, is_disabled, unlock } = change;
            if let Some(name) = &name {
                judge_name(name.trim()).map_err(unfit)?;
            }
            let name = name.map(|name| clean_name(&name));
            let account = self.accounts.by_id(id).await.map_err(AccountError::from)?;
            let account = account.ok_or(AccountError::Unknown)?;
            let password_hash = match password {
                Some(password) => Some(self.hash(&account, password).await?),
                None => None,
            };
            let change =
                AccountChange { name, role, password_hash, is_disabled, unlock, subject: None };
            Ok(self.accounts.change(id, change).await?)
        })
    }
}
