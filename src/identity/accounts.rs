//! Accounts: validated, created and changed by an admin; the first one by a link.
//!
//! The archive knows the link, so that it works on every pod: once, within its lifetime.

use hsc_actors::ports::archive::{
    Account, AccountChange, AccountError, ArchiveError, ArchiveReply, FirstLink, Role,
};
use hsc_actors::ports::{
    FirstAdmin, IdentityError, IdentityReply, NewAccount, OpenedSession, Staff, StaffChange,
    StaffError,
};
use hsc_conversation::{ClientAddress, clean_name, is_clean_name, now_ms};

use super::password::{self, Hasher};
use super::secret;
use super::team::{Team, down, refused, unfit};

/// Longest name shown to colleagues and visitors, in characters.
const LONGEST_NAME: usize = 80;
/// Longest mail address (RFC 5321).
const LONGEST_ADDRESS: usize = 254;

impl Staff for Team {
    fn all(&self) -> ArchiveReply<'_, Vec<Account>> {
        self.accounts.all()
    }

    fn add(&self, newcomer: NewAccount) -> IdentityReply<'_, Account, StaffError> {
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
    ) -> IdentityReply<'a, Account, StaffError> {
        Box::pin(async move {
            let StaffChange { name, role, password, is_disabled, unlock } = change;
            if let Some(name) = &name {
                judge_name(name.trim()).map_err(unfit)?;
            }
            let name = name.map(|name| clean_name(&name));
            let account = self.accounts.by_id(id).await.map_err(AccountError::from)?;
            let account = account.ok_or(AccountError::Unknown)?;
            let password_hash = match password {
                Some(password) => Some(hash(password, &account.address, &self.hasher).await?),
                None => None,
            };
            let change =
                AccountChange { name, role, password_hash, is_disabled, unlock, subject: None };
            Ok(self.accounts.change(id, change).await?)
        })
    }
}

impl Team {
    /// The token of a new link; `None` when an account exists. It is valid beside those of other pods, unless it
    /// `replaces` them.
    ///
    /// # Errors
    /// When the archive cannot be reached.
    pub async fn first_link(&self, replaces: bool) -> Result<Option<String>, ArchiveError> {
        if self.accounts.count().await? > 0 {
            return Ok(None);
        }
        let (token, now_ms) = (secret::random(), now_ms());
        let expires_ms = now_ms.saturating_add(self.first_link_ms);
        let link = FirstLink { hash: secret::stored_hash(&token), expires_ms };
        self.accounts.add_first_link(link, replaces, now_ms).await?;
        Ok(Some(token))
    }

    pub(super) async fn make_first(
        &self,
        first: FirstAdmin,
        from: ClientAddress,
    ) -> Result<OpenedSession, IdentityError> {
        let FirstAdmin { token, name, address, password } = first;
        self.admitted(&self.first_attempts, from)?;
        let hash = secret::stored_hash(&token);
        let is_valid = self.accounts.is_first_link(&hash, now_ms()).await.map_err(down)?;
        self.judged(&self.first_attempts, is_valid, from).map_err(|error| match error {
            IdentityError::Wrong => IdentityError::LinkSpent,
            other => other,
        })?;
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

/// The new account, with the password hashed.
async fn made(newcomer: NewAccount, hasher: &Hasher) -> Result<Account, IdentityError> {
    let NewAccount { name, address, role, password } = newcomer;
    judge_name(name.trim()).map_err(unfit)?;
    let name = clean_name(&name);
    let address = address.trim().to_lowercase();
    judge_name(&name).map_err(unfit)?;
    judge_address(&address).map_err(unfit)?;
    let hash = hash(password, &address, hasher).await?;
    Ok(account(name, address, role, Some(hash), None))
}

/// The hash of a new password for the account with this address, if the password passes the rules.
async fn hash(password: String, address: &str, hasher: &Hasher) -> Result<String, IdentityError> {
    // People often put the part before the @ into their password.
    let name = address.split('@').next().unwrap_or_default();
    password::judge(&password, name).map_err(IdentityError::Weak)?;
    hasher.hash(password).await
}

/// A new account with a random id.
pub(super) fn account(
    name: String,
    address: String,
    role: Role,
    password_hash: Option<String>,
    subject: Option<String>,
) -> Account {
    Account {
        id: format!("{:016x}", rand::random::<u64>()),
        name,
        address,
        role,
        password_hash,
        subject,
        is_disabled: false,
        failures: 0,
        locked_until_ms: None,
        created_ms: now_ms(),
    }
}

fn judge_name(name: &str) -> Result<(), &'static str> {
    let letters = clean_name(name).chars().count();
    if letters == 0 || letters > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err("the name must have 1 to 80 characters in one line");
    }
    Ok(())
}

/// Checks the syntax, not whether the mailbox exists.
fn judge_address(address: &str) -> Result<(), &'static str> {
    let fits = address
        .split_once('@')
        .is_some_and(|(own, host)| !own.is_empty() && !host.is_empty() && !host.contains('@'));
    let plain = is_clean_name(address) && !address.contains(char::is_whitespace);
    if !fits || address.len() > LONGEST_ADDRESS || !plain {
        return Err("the address must be a mail address, such as yael@example.com");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_is_created_only_from_valid_fields() {
        let hasher = Hasher::new();
        let made = async |name: &str, address: &str, password: &str| {
            let newcomer = NewAccount {
                name: name.to_owned(),
                address: address.to_owned(),
                role: Role::Agent,
                password: password.to_owned(),
            };
            super::made(newcomer, &hasher).await.map_err(|error| error.to_string())
        };
        let yael = made(" Yael ", " Yael@Example.test ", "a tame yak sat over").await.unwrap();
        assert_eq!((yael.name.as_str(), yael.address.as_str()), ("Yael", "yael@example.test"));
        let yael_again = made("Ya\u{202e}el", "y@e.test", "a tame yak sat over").await.unwrap();
        assert_eq!(yael_again.name, "Yael");
        assert!(yael.password_hash.is_some_and(|hash| hash.starts_with("$argon2id$")));
        for (name, address, password, why) in [
            ("", "y@e.test", "a tame yak sat over", "the name"),
            ("Y\nael", "y@e.test", "a tame yak sat over", "the name"),
            ("\u{202e}", "y@e.test", "a tame yak sat over", "the name"),
            ("Yael", "yael", "a tame yak sat over", "the address"),
            ("Yael", "y\u{202e}ael@e.test", "a tame yak sat over", "the address"),
            ("Yael", "y ael@e.test", "a tame yak sat over", "the address"),
            ("Yael", "yael@e.test", "short", "the password must have"),
            ("Yael", "yael@e.test", "yael yael yael!", "the password must not contain"),
        ] {
            let error = made(name, address, password).await.unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
