//! Resume tokens: they prove to any pod that a client may continue a conversation.
//!
//! ```text
//! 1.5d41402a.67a1b2c3.2.0f3c….kQ8v…
//! │ │        │        │ │     └ HMAC-SHA-256 of all before it
//! │ │        │        │ └ the conversation
//! │ │        │        └ the epoch in which it was issued, in hex
//! │ │        └ when it was issued, seconds since 1970 in hex
//! │ └ which key signed
//! └ version
//! ```
//!
//! The content of a token is not secret; it only cannot be made without a key. The first key signs, all are accepted.
//! To rotate keys, every pod accepts the new one before the first pod signs with it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::now_seconds;

/// Version of the form above.
const VERSION: &str = "1";
/// The same form, for a conversation that its visitor has ended with `bye`.
const VERSION_ENDED: &str = "2";
/// Lifetime of such a token: time to rate the conversation and to download it.
const ENDED_TTL: Duration = Duration::from_secs(15 * 60);
/// Signed to name a key. It differs from every token, which begins with a version.
const NAME_OF_KEY: &[u8] = b"hsc resume token key";

/// Makes and checks resume tokens.
pub struct Tokens {
    /// At least one. Replaced as a whole when the settings change.
    keys: RwLock<Arc<[Key]>>,
    ttl: Duration,
}

struct Key {
    id: String,
    key: hmac::Key,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not have the form of a token.
    #[error("the token is malformed")]
    Malformed,
    /// The signing key is unknown: it was removed, or this pod has other keys.
    #[error("the token was signed with a key that is not known here")]
    UnknownKey,
    /// It was changed, or made without the key.
    #[error("the token's signature is wrong")]
    WrongSignature,
    /// It is too old.
    #[error("the token has expired")]
    Expired,
    /// It is valid for another conversation.
    #[error("the token belongs to another conversation")]
    OtherConversation,
}

impl Tokens {
    /// Tokens with the lifetime `ttl`. The first key signs, all verify. Without keys a random key of this process is
    /// used, and no other process accepts what it signs.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a [u8]>, ttl: Duration) -> Self {
        let mut keys: Vec<Key> = keys.into_iter().map(Key::new).collect();
        if keys.is_empty() {
            keys.push(Key::new(&rand::random::<[u8; 32]>()));
        }
        Self { keys: RwLock::new(keys.into()), ttl }
    }

    /// Uses other keys from now on. Without any the present ones stay: what they have signed is still valid.
    pub fn replace_keys<'a>(&self, keys: impl IntoIterator<Item = &'a [u8]>) {
        let keys: Arc<[Key]> = keys.into_iter().map(Key::new).collect();
        if !keys.is_empty() {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
    }

    fn keys(&self) -> Arc<[Key]> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token for a client that is welcomed to this conversation in this epoch, issued now.
    pub fn sign(&self, conversation: &str, epoch: u64) -> String {
        self.sign_at(conversation, epoch, now_seconds())
    }

    /// A token for the client that has just ended this conversation, valid for 15 minutes. Earlier tokens are void.
    pub fn sign_ended(&self, conversation: &str, epoch: u64) -> String {
        self.sign_as(VERSION_ENDED, conversation, epoch, now_seconds())
    }

    /// True for a token of [`Tokens::sign_ended`]. Does not verify it.
    pub fn is_of_ended(token: &str) -> bool {
        token.split('.').next() == Some(VERSION_ENDED)
    }

    /// Lifetime of a token of [`Tokens::sign`].
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Verifies a client's token for this conversation. Returns the epoch of its `welcome`.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &str, conversation: &str) -> Result<u64, TokenError> {
        self.verify_at(token, conversation, now_seconds())
    }

    /// The conversation that a token names, if the token is valid for it.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn conversation<'a>(&self, token: &'a str) -> Result<&'a str, TokenError> {
        let (signed, _) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let conversation = signed.splitn(5, '.').nth(4).ok_or(TokenError::Malformed)?;
        self.verify(token, conversation).map(|_| conversation)
    }

    /// A short code for a person to type, which cannot be made without the key: 40 bits of the HMAC of its purpose.
    /// Valid for 15 to 30 minutes, on every pod with the key.
    pub fn code(&self, what: &str) -> String {
        self.code_at(what, now_seconds())
    }

    /// True if the code is that of [`Tokens::code`] for this purpose. Callers limit the number of attempts.
    pub fn is_code(&self, what: &str, code: &str) -> bool {
        self.is_code_at(what, code, now_seconds())
    }

    fn code_at(&self, what: &str, now: u64) -> String {
        let keys = self.keys();
        let Key { key, .. } = keys.first().expect("there is always one");
        let code = code(key, what, now / CODE_WINDOW_SECONDS);
        format!("{}-{}", &code[..4], &code[4..])
    }

    fn is_code_at(&self, what: &str, brought: &str, now: u64) -> bool {
        let brought: String = brought.chars().filter(char::is_ascii_alphanumeric).collect();
        let brought = brought.to_ascii_uppercase();
        let window = now / CODE_WINDOW_SECONDS;
        let windows = [window, window.saturating_sub(1)];
        let keys = self.keys();
        let mut all =
            keys.iter().flat_map(|Key { key, .. }| windows.map(|window| code(key, what, window)));
        all.any(|code| code.as_bytes().ct_eq(brought.as_bytes()).into())
    }

    /// A seal that cannot be made without the key: half of the HMAC of a text that is not a token.
    pub(crate) fn seal(&self, text: &str) -> Vec<u8> {
        let keys = self.keys();
        let Key { key, .. } = keys.first().expect("there is always one");
        half(&hmac::sign(key, text.as_bytes()))
    }

    /// True if `is_it` recognises the seal of the text, by any accepted key.
    pub(crate) fn has_sealed(&self, text: &str, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.keys().iter().any(|Key { key, .. }| is_it(&half(&hmac::sign(key, text.as_bytes()))))
    }

    fn sign_at(&self, conversation: &str, epoch: u64, now: u64) -> String {
        self.sign_as(VERSION, conversation, epoch, now)
    }

    fn sign_as(&self, version: &str, conversation: &str, epoch: u64, now: u64) -> String {
        let keys = self.keys();
        let Key { id, key } = keys.first().expect("there is always one");
        let signed = format!("{version}.{id}.{now:x}.{epoch:x}.{conversation}");
        let signature = hmac::sign(key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verify_at(&self, token: &str, conversation: &str, now: u64) -> Result<u64, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let mut parts = signed.splitn(5, '.');
        let mut part = || parts.next().ok_or(TokenError::Malformed);
        let (version, id, issued) = (part()?, part()?, part()?);
        let (epoch, of) = (part()?, part()?);
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        let number = |hex| u64::from_str_radix(hex, 16).map_err(|_| TokenError::Malformed);
        let (issued, epoch) = (number(issued)?, number(epoch)?);
        let ttl = match version {
            VERSION => self.ttl,
            VERSION_ENDED => self.ttl.min(ENDED_TTL),
            _ => return Err(TokenError::Malformed),
        };
        let keys = self.keys();
        let mut with_this_id = keys.iter().filter(|key| key.id == id).peekable();
        if with_this_id.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        // In constant time: the time must not depend on how much of a signature is right.
        if !with_this_id.any(|key| hmac::verify(&key.key, signed.as_bytes(), &signature).is_ok()) {
            return Err(TokenError::WrongSignature);
        }
        if now >= issued.saturating_add(ttl.as_secs()) {
            return Err(TokenError::Expired);
        }
        if of != conversation {
            return Err(TokenError::OtherConversation);
        }
        Ok(epoch)
    }
}

impl Key {
    fn new(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let name = hmac::sign(&key, NAME_OF_KEY);
        let id = name.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { id, key }
    }
}

/// Half of the longest lifetime of a code.
const CODE_WINDOW_SECONDS: u64 = 15 * 60;
/// The letters of a code, without those that are easily confused.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

fn code(key: &hmac::Key, what: &str, window: u64) -> String {
    let tag = hmac::sign(key, format!("hsc code {window} {what}").as_bytes());
    tag.as_ref()
        .iter()
        .take(8)
        .map(|byte| char::from(CODE_LETTERS[usize::from(byte % 32)]))
        .collect()
}

/// 128 bits: a seal is short-lived and can only be tried against the server.
fn half(tag: &hmac::Tag) -> Vec<u8> {
    tag.as_ref()[..16].to_vec()
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.keys();
        let ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
        f.debug_struct("Tokens").field("keys", &ids).field("ttl", &self.ttl).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"the key of the last months, long enough";
    const NEW: &[u8] = b"the key of the next months, long enough";
    const HOUR: Duration = Duration::from_secs(3_600);
    const ISSUED: u64 = 1_800_000_000;

    fn tokens(keys: &[&'static [u8]]) -> Tokens {
        Tokens::new(keys.iter().copied(), HOUR)
    }

    #[test]
    fn a_token_is_valid_for_its_conversation_until_it_expires_on_any_pod_with_the_key() {
        let token = tokens(&[OLD]).sign_at("c1", 3, ISSUED);
        assert_eq!(tokens(&[OLD]).verify_at(&token, "c1", ISSUED), Ok(3));
        assert_eq!(tokens(&[OLD]).verify_at(&token, "c1", ISSUED + 3_599), Ok(3));
        let real = tokens(&[OLD]).sign("c1", 3);
        assert_eq!(tokens(&[OLD]).verify(&real, "c1"), Ok(3));
    }

    #[test]
    fn a_token_is_refused_with_the_reason() {
        let token = tokens(&[OLD]).sign_at("c1", 3, ISSUED);
        let signature = token.rsplit('.').next().unwrap();
        let id = token.split('.').nth(1).unwrap();
        let flipped = |at: usize| {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            String::from_utf8(bytes).unwrap()
        };
        let issued_at = token.match_indices('.').nth(1).unwrap().0 + 1;
        let epoch_at = token.match_indices('.').nth(2).unwrap().0 + 1;
        let conversation_at = token.match_indices('.').nth(3).unwrap().0 + 1;
        let mut cases = vec![
            ("nothing", String::new(), TokenError::Malformed),
            ("no token", "hello".to_owned(), TokenError::Malformed),
            ("dots", "....".to_owned(), TokenError::Malformed),
            ("too few parts", format!("1.{id}.6b49d200.c1.{signature}"), TokenError::Malformed),
            ("another version", token.replacen('1', "3", 1), TokenError::Malformed),
            ("of an ended one", token.replacen('1', "2", 1), TokenError::WrongSignature),
            ("no time", format!("1.{id}.soon.3.c1.{signature}"), TokenError::Malformed),
            ("no epoch", format!("1.{id}.6b49d200.x.c1.{signature}"), TokenError::Malformed),
            ("no base64", format!("1.{id}.6b49d200.3.c1.!!!"), TokenError::Malformed),
            ("another key's id", flipped(2), TokenError::UnknownKey),
            ("another time", flipped(issued_at), TokenError::WrongSignature),
            ("another epoch", flipped(epoch_at), TokenError::WrongSignature),
            ("another conversation inside", flipped(conversation_at), TokenError::WrongSignature),
            ("another signature", flipped(conversation_at + 4), TokenError::WrongSignature),
            ("half a signature", token[..token.len() - 23].to_owned(), TokenError::WrongSignature),
            ("no signature", token[..=conversation_at + 2].to_owned(), TokenError::WrongSignature),
            ("another's", tokens(&[OLD]).sign_at("c2", 3, ISSUED), TokenError::OtherConversation),
            ("of another pod", tokens(&[NEW]).sign_at("c1", 3, ISSUED), TokenError::UnknownKey),
        ];
        cases.push(("old", tokens(&[OLD]).sign_at("c1", 3, ISSUED - 3_600), TokenError::Expired));
        for (what, token, error) in cases {
            assert_eq!(tokens(&[OLD]).verify_at(&token, "c1", ISSUED), Err(error), "{what}");
        }
    }

    #[test]
    fn a_token_names_its_conversation_and_no_other() {
        let tokens = Tokens::new([OLD], HOUR);
        let token = tokens.sign("c1", 3);
        assert_eq!(tokens.conversation(&token), Ok("c1"));
        let other = token.replacen(".c1.", ".c2.", 1);
        assert_eq!(tokens.conversation(&other), Err(TokenError::WrongSignature));
        for none in ["", "c1", "....", "1.2.3.4"] {
            assert_eq!(tokens.conversation(none), Err(TokenError::Malformed), "{none}");
        }
    }

    #[test]
    fn a_token_of_an_ended_conversation_is_valid_for_a_quarter_of_an_hour() {
        let tokens = tokens(&[OLD]);
        let token = tokens.sign_as(VERSION_ENDED, "c1", 3, ISSUED);
        assert!(Tokens::is_of_ended(&token) && !Tokens::is_of_ended(&tokens.sign("c1", 3)));
        assert_eq!(tokens.verify_at(&token, "c1", ISSUED + 899), Ok(3));
        assert_eq!(tokens.verify_at(&token, "c1", ISSUED + 900), Err(TokenError::Expired));
        let made_longer = token.replacen('2', "1", 1);
        assert_eq!(tokens.verify_at(&made_longer, "c1", ISSUED), Err(TokenError::WrongSignature));
    }

    #[test]
    fn a_code_is_valid_for_its_purpose_until_it_expires() {
        let code = tokens(&[OLD]).code_at("transcript c1 a@example.test", ISSUED);
        assert_eq!(code.len(), 9, "{code}");
        let both = tokens(&[NEW, OLD]);
        let is_good = |what: &str, code: &str, now| both.is_code_at(what, code, now);
        let what = "transcript c1 a@example.test";
        assert!(is_good(what, &code, ISSUED + 900));
        assert!(is_good(what, &format!(" {} ", code.to_lowercase().replace('-', "")), ISSUED));
        assert!(!is_good(what, &code, ISSUED + 1_800));
        assert!(!is_good("transcript c2 a@example.test", &code, ISSUED));
        assert!(!is_good(what, "", ISSUED) && !is_good(what, "0000-0000", ISSUED));
        assert!(!tokens(&[NEW]).is_code_at(what, &code, ISSUED));
    }

    #[test]
    fn a_new_key_takes_over_while_the_old_one_is_still_accepted() {
        let before = tokens(&[OLD]).sign_at("c1", 3, ISSUED);
        let both = tokens(&[NEW, OLD]);
        assert_eq!(both.verify_at(&before, "c1", ISSUED), Ok(3));
        let after = both.sign_at("c1", 3, ISSUED);
        assert_eq!(tokens(&[NEW]).verify_at(&after, "c1", ISSUED), Ok(3));
        assert_eq!(tokens(&[NEW]).verify_at(&before, "c1", ISSUED), Err(TokenError::UnknownKey));
        // A pod that is updated last has the old key in front, and must accept what the others sign.
        assert_eq!(tokens(&[OLD, NEW]).verify_at(&after, "c1", ISSUED), Ok(3));
    }

    #[test]
    fn without_a_key_no_other_pod_accepts_the_tokens() {
        let (one, other) = (Tokens::new([], HOUR), Tokens::new([], HOUR));
        let token = one.sign("c1", 3);
        assert_eq!(one.verify(&token, "c1"), Ok(3));
        assert_eq!(other.verify(&token, "c1"), Err(TokenError::UnknownKey));
    }

    #[test]
    fn a_key_is_in_no_debug_output_and_no_token() {
        let tokens = tokens(&[OLD]);
        assert!(!format!("{tokens:?} {}", tokens.sign("c1", 3)).contains("months"));
    }
}
