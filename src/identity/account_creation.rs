//! Validation of a new account.

use hsc_actors::ports::archive::{Account, Role};
use hsc_actors::ports::{IdentityError, NewAccount};
use hsc_conversation::{clean_name, is_clean_name, now_ms};

use super::password::{self, Hasher};
use super::refusal::{no_hash, unfit, weak};

/// Longest name shown to colleagues and visitors, in characters.
const LONGEST_NAME: usize = 80;
/// Longest mail address (RFC 5321).
const LONGEST_ADDRESS: usize = 254;

/// The new account, with the password hashed.
pub(super) async fn made(newcomer: NewAccount, hasher: &Hasher) -> Result<Account, IdentityError> {
    let NewAccount { name, address, role, password } = newcomer;
    judge_name(name.trim()).map_err(unfit)?;
    let name = clean_name(&name);
    let address = address.trim().to_lowercase();
    judge_name(&name).map_err(unfit)?;
    judge_address(&address).map_err(unfit)?;
    password::judge(&password, own_part(&address)).map_err(weak)?;
    let hash = hasher.hash(password).await.map_err(no_hash)?;
    Ok(account(name, address, role, Some(hash), None))
}

/// The part before the @, which people often put into their password.
pub(super) fn own_part(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
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

pub(super) fn judge_name(name: &str) -> Result<(), &'static str> {
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
