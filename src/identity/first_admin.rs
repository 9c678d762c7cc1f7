//! The first admin, by a link that the archive knows, so that it works on every pod: once, within its lifetime.

use hsc_actors::ports::archive::{AccountError, ArchiveError, FirstLink, Role};
use hsc_actors::ports::{FirstAdmin, IdentityError, NewAccount, OpenedSession};
use hsc_conversation::now_ms;

use super::account_creation::made;
use super::refusal::{down, refused};
use super::secret;
use super::team::{Team, millis};

/// What guesses at the link are audited as.
const AUDITED_AS: (&str, &str) = ("link", "first_link");

impl Team {
    /// The token of a new link, beside those of other pods; `None` when an account exists.
    ///
    /// # Errors
    /// When the archive cannot be reached.
    pub async fn first_link(&self) -> Result<Option<String>, ArchiveError> {
        self.new_first_link(false).await
    }

    /// The same, and all other links are void.
    ///
    /// # Errors
    /// When the archive cannot be reached.
    pub async fn only_first_link(&self) -> Result<Option<String>, ArchiveError> {
        self.new_first_link(true).await
    }

    async fn new_first_link(&self, replaces: bool) -> Result<Option<String>, ArchiveError> {
        if self.accounts.count().await? > 0 {
            return Ok(None);
        }
        let (token, now_ms) = (secret::random(), now_ms());
        let expires_ms = now_ms.saturating_add(millis(self.first_link_lasts));
        let link = FirstLink { hash: secret::stored_hash(&token), expires_ms };
        self.accounts.add_first_link(link, replaces, now_ms).await?;
        Ok(Some(token))
    }

    pub(super) async fn make_first(
        &self,
        first: FirstAdmin,
    ) -> Result<OpenedSession, IdentityError> {
        let FirstAdmin { token, name, address, password, from } = first;
        self.admitted(&self.first_attempts, AUDITED_AS, from)?;
        let hash = secret::stored_hash(&token);
        let is_valid = self.accounts.is_first_link(&hash, now_ms()).await.map_err(down)?;
        self.judged(&self.first_attempts, AUDITED_AS, is_valid, from).map_err(
            |error| match error {
                IdentityError::Wrong => IdentityError::LinkSpent,
                other => other,
            },
        )?;
        let newcomer = NewAccount { name, address, role: Role::Admin, password };
        // A rejected password does not use up the link: the user can try again.
        let account = made(newcomer, &self.hasher).await?;
        // An account may be created concurrently, here or on another pod: the archive decides which is first.
        let added = self.accounts.add_first(account.clone(), &hash, now_ms()).await;
        added.map_err(|error| match error {
            AccountError::NotFirst => IdentityError::LinkSpent,
            other => refused(other),
        })?;
        self.audit(&account, "account.first", "", from);
        self.open(&account, "first", from, None).await
    }
}
