//! Creates the first admin, by the setup link of a first start.

use hsc_actors::ports::archive::{AccountError, Role};
use hsc_actors::ports::{FirstAdmin, IdentityError, NewAccount, OpenedSession};
use tokio::time::Instant;

use super::account_creation::made;
use super::refusal::refused;
use super::team::Team;

impl Team {
    pub(super) async fn make_first(
        &self,
        first: FirstAdmin,
    ) -> Result<OpenedSession, IdentityError> {
        let FirstAdmin { token, name, address, password, from } = first;
        let is_good = || self.first.is_good(&token, Instant::now());
        self.within_attempts(&self.first_attempts, ("link", "first_link"), is_good, from).map_err(
            |error| match error {
                IdentityError::Wrong => IdentityError::LinkSpent,
                other => other,
            },
        )?;
        let newcomer = NewAccount { name, address, role: Role::Admin, password };
        // A rejected password does not use up the link: the user can try again.
        let account = made(newcomer, &self.hasher).await?;
        // An account may be created concurrently, here or on another pod: the archive decides which is first.
        let added = self.accounts.add_first(account.clone()).await;
        added.map_err(|error| match error {
            AccountError::NotFirst => IdentityError::LinkSpent,
            other => refused(other),
        })?;
        // Revoked only now: while the archive is down the link stays valid.
        self.first.void();
        self.audit(&account, "account.first", "", from);
        self.open(&account, "first", from, None).await
    }
}
