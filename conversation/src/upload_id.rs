//! Ids of pictures: unguessable, with the expiry and a seal of the conversation inside.
//!
//! ```text
//! 9f…(32 hex)-19abc0de123-4e…(32 hex)
//! │           │           └ half of the HMAC-SHA-256 of all before it and the conversation
//! │           └ expiry, milliseconds since 1970 in hex
//! └ 128 random bits
//! ```
//!
//! So a session can decide, without a file or the archive, whether a picture may stand in its conversation. A request
//! for a picture needs only its id: the address is the permission.

use subtle::ConstantTimeEq as _;

use crate::Tokens;

/// The error for a picture that is not of the conversation.
pub const NO_SUCH_UPLOAD: &str =
    "There is no such picture in this conversation, or it is gone; upload it again.";

/// Digits of the random bits, and of the seal.
const HEX_OF_128_BITS: usize = 32;
/// Most digits of a time.
const HEX_OF_A_TIME: usize = 12;

/// The id of a picture, well-formed: letters a to f, digits and two dashes, so that it is also a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId {
    text: String,
    expires_ms: u64,
}

impl UploadId {
    /// A new id, for a picture of this conversation with this expiry.
    pub fn new(tokens: &Tokens, conversation: &str, expires_ms: u64) -> Self {
        let named = format!("{:032x}-{expires_ms:x}", rand::random::<u128>());
        let seal = tokens.seal(&sealed(&named, conversation));
        Self { text: format!("{named}-{}", hex(&seal)), expires_ms }
    }

    /// Parses an id; none if the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |part: &str| part.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let mut parts = text.split('-');
        let (random, expires, seal) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = parts.next().is_none()
            && [random, seal].iter().all(|it| it.len() == HEX_OF_128_BITS && is_hex(it))
            && (1..=HEX_OF_A_TIME).contains(&expires.len())
            && is_hex(expires);
        let expires_ms = fits.then(|| u64::from_str_radix(expires, 16).ok()).flatten()?;
        Some(Self { text: text.to_owned(), expires_ms })
    }

    /// True for a picture that was uploaded to this conversation.
    pub fn belongs_to(&self, tokens: &Tokens, conversation: &str) -> bool {
        let Some((named, seal)) = self.text.rsplit_once('-') else { return false };
        tokens.has_sealed(&sealed(named, conversation), |good| {
            hex(good).as_bytes().ct_eq(seal.as_bytes()).into()
        })
    }

    /// Expiry of the picture, in milliseconds since 1970.
    pub fn expires_ms(&self) -> u64 {
        self.expires_ms
    }

    /// The id on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// True for the id of a picture that may stand in this conversation now.
pub fn may_stand(tokens: &Tokens, upload: &str, conversation: &str, now_ms: u64) -> bool {
    let id = UploadId::parse(upload).filter(|id| id.expires_ms > now_ms);
    id.is_some_and(|id| id.belongs_to(tokens, conversation))
}

/// The signed text. It differs from everything else that the same keys sign, which begins otherwise.
fn sealed(named: &str, conversation: &str) -> String {
    format!("hsc upload {named} {conversation}")
}

fn hex(seal: &[u8]) -> String {
    seal.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tokens(key: &'static [u8]) -> Tokens {
        Tokens::new([key], Duration::from_secs(60))
    }

    const KEY: &[u8] = b"a key that is long enough for this test";

    #[test]
    fn an_id_is_valid_for_its_conversation_until_it_expires() {
        let tokens = tokens(KEY);
        let id = UploadId::new(&tokens, "c1", 1_000);
        assert_eq!(UploadId::parse(id.as_str()), Some(id.clone()));
        assert!(id.belongs_to(&tokens, "c1"));
        assert!(!id.belongs_to(&tokens, "c2"));
        assert!(
            !id.belongs_to(&self::tokens(b"another key, also long enough, as it has to be"), "c1")
        );
        assert!(may_stand(&tokens, id.as_str(), "c1", 999));
        assert!(!may_stand(&tokens, id.as_str(), "c1", 1_000), "its time is over");
        let later = id.as_str().replacen("-3e8-", "-3e9-", 1);
        assert!(!may_stand(&tokens, &later, "c1", 0), "nobody makes it last longer");
        assert_ne!(UploadId::new(&tokens, "c1", 1_000), id, "each is its own");
    }

    #[test]
    fn a_path_or_a_text_of_another_format_is_not_an_id() {
        let good = UploadId::new(&tokens(KEY), "c", 1).as_str().to_owned();
        for bad in [
            "",
            "..",
            "../etc/passwd",
            "%2e%2e",
            &format!("{good}/.."),
            &format!("../{good}"),
            &format!("{good}.html"),
            &format!("{good}-"),
            &good.to_uppercase(),
            &good[1..],
            "a-b-c",
        ] {
            assert_eq!(UploadId::parse(bad), None, "{bad:?}");
        }
    }
}
