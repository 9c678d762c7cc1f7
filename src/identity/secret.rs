//! Secrets that prove who somebody is: made at random, kept only as a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use subtle::ConstantTimeEq as _;

/// Bytes of a secret: nobody guesses 256 bits, so its hash needs neither salt nor slowness.
const BYTES: usize = 32;

/// A new secret, 43 letters that may stand in a cookie and in an address.
pub(super) fn random() -> String {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a secret. Whoever reads it cannot make the secret of it.
pub(super) fn kept(secret: &str) -> String {
    hashed("kept", secret)
}

/// The token that a page of this session says with whatever changes something. It follows from the
/// session's secret, so that it ends with it and nothing more is to be kept; the secret does not follow
/// from it, so that a script may have it.
pub(super) fn csrf(secret: &str) -> String {
    hashed("csrf", secret)
}

/// What a challenge of PKCE is made of its verifier (RFC 7636, S256).
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
    fn every_secret_is_another_and_neither_hash_is_the_secret_or_the_other() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert_eq!(kept(&one), kept(&one));
        assert_ne!(kept(&one), csrf(&one));
        assert_ne!(csrf(&one), csrf(&other));
        assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, ""));
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
