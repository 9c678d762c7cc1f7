//! Random secrets, stored only as a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;

/// Bytes of a secret: 256 bits cannot be guessed, so its hash needs neither salt nor slowness.
const BYTES: usize = 32;

/// A new secret: 43 characters that are safe in a cookie and in a URL.
pub(super) fn random() -> String {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The stored hash of a secret. The secret cannot be derived from it.
pub(super) fn stored_hash(secret: &str) -> String {
    hashed("kept", secret)
}

/// The CSRF token of a session's pages, required for every change. It is derived from the
/// session's secret, so it ends with the session and needs no storage; the secret cannot be derived
/// from it, so scripts may read it.
pub(super) fn csrf(secret: &str) -> String {
    hashed("csrf", secret)
}

/// The PKCE challenge of a verifier (RFC 7636, S256).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Compares in constant time. Hashes are compared, so the time does not depend on the lengths of the texts.
pub(super) fn same(one: &str, other: &str) -> bool {
    let hash = |text: &str| digest(&SHA256, text.as_bytes());
    hash(one).as_ref().ct_eq(hash(other).as_ref()).into()
}

fn hashed(what: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("hsc {what} {secret}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_their_hashes_all_differ() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_eq!(stored_hash(&one), stored_hash(&one));
        assert_ne!(stored_hash(&one), csrf(&one));
        assert_ne!(csrf(&one), csrf(&other));
        assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, ""));
    }

    #[test]
    fn the_challenge_matches_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
