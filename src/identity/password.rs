//! Password rules, and argon2id hashing off the event loop.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use hsc_actors::ports::IdentityError;
use tokio::sync::Semaphore;

/// Minimum number of characters. The password is the only factor, and length determines the cost of an attack.
const FEWEST: usize = 12;
/// Maximum number of characters: longer ones only cost hashing time.
const MOST: usize = 200;
/// Minimum number of different characters: `aaaaaaaaaaaab` is long and weak.
const FEWEST_DIFFERENT: usize = 5;
/// OWASP's parameters for argon2id of 2025: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Concurrent hashes. Each takes its memory and a core for some tens of milliseconds; more
/// would give memory to attackers, not speed to users.
const AT_ONCE: usize = 2;
/// Longest wait for a slot. Excess attempts get an error instead of an unbounded queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most common parts of passwords, one per line.
const COMMONEST: &str = include_str!("commonest.txt");
/// The refusal of a password that is made of these parts.
const TRIED_FIRST: &str = "the password is one of those that are tried first; a few words that belong to nothing are better";

/// Checks a password for the account of this name.
///
/// # Errors
/// The rule that it violates, for the user.
pub(super) fn judge(password: &str, account: &str) -> Result<(), String> {
    let letters = password.chars().count();
    if letters < FEWEST {
        return Err(format!("the password must have at least {FEWEST} characters"));
    }
    if letters > MOST {
        return Err(format!("the password must have at most {MOST} characters"));
    }
    let lower = password.to_lowercase();
    let account = account.to_lowercase();
    // A name of three letters occurs in many good passwords by chance.
    if account.chars().count() > 3 && lower.contains(&account) {
        return Err("the password must not contain the name of the account".to_owned());
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < FEWEST_DIFFERENT || is_common(&lower) {
        return Err(TRIED_FIRST.to_owned());
    }
    Ok(())
}

/// True when four characters or fewer are left after the commonest words are removed, and then those
/// with substituted letters.
fn is_common(lower: &str) -> bool {
    let rest = without_common(lower);
    let plain: String = rest.chars().map(undisguised).collect();
    without_common(&plain).chars().count() <= 4
}

fn without_common(text: &str) -> String {
    // The list runs from long to short, so that no word hides a longer one.
    let words = COMMONEST.lines().filter(|word| !word.is_empty());
    words.fold(text.to_owned(), |rest, word| rest.replace(word, ""))
}

fn undisguised(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn not_hashed(error: impl std::fmt::Display) -> IdentityError {
    down(format!("a password could not be hashed: {error}"))
}

fn down(cause: String) -> IdentityError {
    IdentityError::Down { cause: cause.into() }
}

/// Computes and verifies hashes, few at once, on the blocking pool.
#[derive(Clone)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
    /// The hash of a random password, verified when the account does not exist: the same work either way.
    nobody: Arc<str>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        let nobody = hash(&super::secret::random()).expect("a text of 43 letters can be hashed");
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() }
    }

    /// The hash of a password, as a text that contains its parameters.
    pub(super) async fn hash(&self, password: String) -> Result<String, IdentityError> {
        self.aside(move || hash(&password)).await?.map_err(not_hashed)
    }

    /// True when the password matches the hash. Without a hash it does the same work and returns false.
    pub(super) async fn is_right(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, IdentityError> {
        let nobody = Arc::clone(&self.nobody);
        self.aside(move || {
            let known = hash.as_deref().unwrap_or(&nobody);
            let same = argon2().verify_password(password.as_bytes(), known).is_ok();
            same && hash.is_some()
        })
        .await
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(down("too many passwords are being checked just now".to_owned()));
        };
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        worked.await.map_err(not_hashed)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are OWASP's");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> argon2::password_hash::Result<String> {
    Ok(argon2().hash_password(password.as_bytes())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_checked_for_length_and_common_words() {
        let names_account = "the password must not contain the name of the account";
        for (password, refusal) in [
            ("correct horse battery", None),
            ("סיסמה ארוכה דיה", None),
            ("Gx7!qz-Tr9kVw", None),
            ("elevenchars", Some("the password must have at least 12 characters")),
            ("passwordpassword", Some(TRIED_FIRST)),
            ("P@ssw0rd12345", Some(TRIED_FIRST)),
            ("123456789012", Some(TRIED_FIRST)),
            ("qwertyuiop123", Some(TRIED_FIRST)),
            ("Welcome2026!!", Some(TRIED_FIRST)),
            ("abababababababab", Some(TRIED_FIRST)),
            ("my-Yael.Cohen-pass", Some(names_account)),
        ] {
            assert_eq!(judge(password, "yael.cohen").err().as_deref(), refusal, "{password}");
        }
        let too_long = judge(&"xyzabc".repeat(40), "yael");
        assert_eq!(too_long, Err("the password must have at most 200 characters".to_owned()));
        assert_eq!(judge("a tame yak sat over", "yak"), Ok(()));
    }

    #[test]
    fn the_commonest_words_are_sorted_by_descending_length() {
        let lengths: Vec<usize> = COMMONEST.lines().map(str::len).collect();
        assert!(lengths.is_sorted_by(|one, next| one >= next));
        assert!(COMMONEST.lines().all(|word| word == word.to_lowercase() && word.len() >= 3));
    }

    #[tokio::test]
    async fn a_hash_contains_its_parameters_and_matches_only_its_password() {
        let hasher = Hasher::new();
        let hash = hasher.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let again = hasher.hash("correct horse battery".to_owned()).await.unwrap();
        assert_ne!(hash, again, "each has its own salt");
        let right = async |word: &str, hash: Option<String>| {
            hasher.is_right(word.to_owned(), hash).await.unwrap()
        };
        assert!(right("correct horse battery", Some(hash.clone())).await);
        assert!(!right("correct horse batterY", Some(hash)).await);
        assert!(!right("correct horse battery", None).await);
        assert!(!right("correct horse battery", Some("no hash".to_owned())).await);
    }
}
