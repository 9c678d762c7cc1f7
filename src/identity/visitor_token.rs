//! Visitor tokens: signed by the embedding site, with the visitor's identity and an expiry.
//!
//! A token is a JWT: HS256 with a shared secret, or RS256 with the site's public key. The form of
//! the key selects the algorithm, never the token. Two keys are valid at once, so that a site rotates its
//! key without a moment in which tokens are refused.

use std::sync::{Arc, PoisonError, RwLock};

use hsc_config::{Secret, VisitorsSettings};
use hsc_conversation::archive::Visitor;
use hsc_conversation::clean_name;
use hsc_conversation::{VisitorTokenError, VisitorTokenVerifier};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::signature;

/// Longest accepted token. Tokens with the four claims are under a kilobyte.
const LONGEST_TOKEN: usize = 4_096;
/// Longest text of a claim; the archive stores it with each conversation.
const LONGEST_CLAIM: usize = 200;
/// Largest difference between the site's clock and ours, in seconds.
const LEEWAY: u64 = 30;

/// Why a configured key is invalid.
#[derive(Debug, thiserror::Error)]
#[error("{setting} is neither a secret of at least 32 characters nor an RSA public key as PEM")]
pub struct InvalidKey {
    setting: &'static str,
}

/// The configured keys.
pub struct SignedVisitorTokens(RwLock<Arc<VisitorKeys>>);

/// The keys that are valid at the same time: the current one, and the previous one during a rotation.
pub struct VisitorKeys(Vec<Key>);

struct Key {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    name: Option<String>,
    email: Option<String>,
}

impl SignedVisitorTokens {
    /// With the keys of the settings; without a key every visitor is anonymous.
    ///
    /// # Errors
    /// An invalid key.
    pub fn new(settings: &VisitorsSettings) -> Result<Self, InvalidKey> {
        Ok(Self(RwLock::new(Arc::new(Self::keys_of(settings)?))))
    }

    /// Uses these keys from now on.
    pub fn replace(&self, keys: VisitorKeys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The keys of the settings.
    ///
    /// # Errors
    /// An invalid key.
    pub fn keys_of(settings: &VisitorsSettings) -> Result<VisitorKeys, InvalidKey> {
        signature::with_ring();
        let given =
            [("visitors.key", &settings.key), ("visitors.previous_key", &settings.previous_key)];
        let keys = given.into_iter().filter_map(|(setting, key)| {
            let key = Secret::reveal(key)?;
            Some(read(key).ok_or(InvalidKey { setting }))
        });
        Ok(VisitorKeys(keys.collect::<Result<_, _>>()?))
    }
}

/// A key by its own form. A short secret could be guessed from one token.
fn read(key: &str) -> Option<Key> {
    let (key, algorithm) = if key.trim_start().starts_with("-----BEGIN") {
        (DecodingKey::from_rsa_pem(key.as_bytes()).ok()?, Algorithm::RS256)
    } else if key.len() >= 32 {
        (DecodingKey::from_secret(key.as_bytes()), Algorithm::HS256)
    } else {
        return None;
    };
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "sub"]);
    validation.validate_nbf = true;
    // The site may name other audiences; the key is for this server alone.
    validation.validate_aud = false;
    validation.leeway = LEEWAY;
    Some(Key { key, validation })
}

impl VisitorTokenVerifier for SignedVisitorTokens {
    fn visitor(&self, token: &str) -> Result<Visitor, VisitorTokenError> {
        if token.len() > LONGEST_TOKEN {
            return Err(VisitorTokenError::Wrong);
        }
        let mut why = VisitorTokenError::Wrong;
        let keys = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        for Key { key, validation } in &keys.0 {
            match decode::<Claims>(token, key, validation) {
                Ok(token) if signature::is_understood(&token.header) => {
                    return visitor(token.claims);
                }
                // Signed with this key, with a critical extension that is not supported.
                Ok(_) => return Err(VisitorTokenError::Wrong),
                // Signed with this key, and expired: the other key will not match.
                Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => {
                    why = VisitorTokenError::Expired;
                }
                Err(_) => {}
            }
        }
        Err(why)
    }
}

fn visitor(claims: Claims) -> Result<Visitor, VisitorTokenError> {
    let clean = |text: String| -> String {
        clean_name(&text.chars().take(LONGEST_CLAIM).collect::<String>())
    };
    let subject = clean(claims.sub);
    if subject.is_empty() {
        return Err(VisitorTokenError::Wrong);
    }
    let filled = |text: Option<String>| text.map(clean).filter(|text| !text.is_empty());
    Ok(Visitor { subject, name: filled(claims.name), address: filled(claims.email) })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use ring::hmac;
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "a secret that the shop and the chat share";
    const OLD: &str = "the secret they shared until last Tuesday";

    fn visitor_tokens(key: &str, previous: &str) -> SignedVisitorTokens {
        SignedVisitorTokens::new(&VisitorsSettings {
            key: key.into(),
            previous_key: previous.into(),
        })
        .unwrap()
    }

    fn token(header: &Value, claims: &Value, key: &str) -> String {
        let part = |value: &Value| BASE64.encode(value.to_string());
        let signed_part = format!("{}.{}", part(header), part(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        format!("{signed_part}.{}", BASE64.encode(hmac::sign(&key, signed_part.as_bytes())))
    }

    fn hs256(claims: &Value, key: &str) -> String {
        token(&json!({ "alg": "HS256", "typ": "JWT" }), claims, key)
    }

    fn in_seconds(seconds: i64) -> i64 {
        jiff::Timestamp::now().as_second() + seconds
    }

    #[test]
    fn either_key_verifies_a_token() {
        let keys = visitor_tokens(KEY, OLD);
        let claims = json!({ "sub": "c-17", "name": "Noa Levi", "email": "noa@example.test",
            "exp": in_seconds(60), "aud": "whoever" });
        let noa = Visitor {
            subject: "c-17".to_owned(),
            name: Some("Noa Levi".to_owned()),
            address: Some("noa@example.test".to_owned()),
        };
        assert_eq!(keys.visitor(&hs256(&claims, KEY)), Ok(noa.clone()));
        assert_eq!(keys.visitor(&hs256(&claims, OLD)), Ok(noa));
        assert_eq!(
            visitor_tokens(KEY, "").visitor(&hs256(&claims, OLD)),
            Err(VisitorTokenError::Wrong)
        );
        assert_eq!(
            visitor_tokens("", "").visitor(&hs256(&claims, KEY)),
            Err(VisitorTokenError::Wrong)
        );
    }

    #[test]
    fn a_name_has_no_bidi_controls() {
        let claims =
            json!({ "sub": "c-17", "name": "Noa \u{202e}nimda\u{2066}", "exp": in_seconds(60) });
        let visitor = visitor_tokens(KEY, "").visitor(&hs256(&claims, KEY)).unwrap();
        assert_eq!(visitor.name.as_deref(), Some("Noa nimda"));
    }

    #[test]
    fn an_expired_token_is_distinguished_from_an_invalid_one() {
        let keys = visitor_tokens(KEY, OLD);
        let late = json!({ "sub": "c-17", "exp": in_seconds(-60) });
        assert_eq!(keys.visitor(&hs256(&late, KEY)), Err(VisitorTokenError::Expired));
        assert_eq!(keys.visitor(&hs256(&late, OLD)), Err(VisitorTokenError::Expired));
        let good = json!({ "sub": "c-17", "exp": in_seconds(60) });
        let mut changed = hs256(&good, KEY);
        changed.truncate(changed.len() - 4);
        for wrong in [
            changed,
            hs256(&good, "a secret that somebody else made up today"),
            hs256(&json!({ "sub": "c-17" }), KEY),
            hs256(&json!({ "exp": in_seconds(60) }), KEY),
            hs256(&json!({ "sub": " \u{7}", "exp": in_seconds(60) }), KEY),
            hs256(&json!({ "sub": "c-17", "exp": in_seconds(60), "nbf": in_seconds(600) }), KEY),
            token(&json!({ "alg": "none" }), &good, KEY),
            token(&json!({ "alg": "HS256", "crit": ["exp"], "exp": 1 }), &good, KEY),
            token(&json!({ "alg": "HS256", "crit": ["b64"], "b64": false }), &good, KEY),
            token(&json!({ "alg": "HS256", "crit": [] }), &good, KEY),
            token(&json!({ "alg": "HS256", "crit": "exp" }), &good, KEY),
            token(&json!({ "alg": "RS256" }), &good, KEY),
            "x".repeat(LONGEST_TOKEN + 1),
            String::new(),
        ] {
            assert_eq!(keys.visitor(&wrong), Err(VisitorTokenError::Wrong), "{wrong}");
        }
    }

    #[test]
    fn an_invalid_key_is_named() {
        let settings = VisitorsSettings { key: KEY.into(), previous_key: "too short".into() };
        let error = SignedVisitorTokens::new(&settings).err().unwrap().to_string();
        assert!(error.starts_with("visitors.previous_key is neither"), "{error}");
        let settings = VisitorsSettings {
            key: "-----BEGIN PUBLIC KEY-----\nnothing\n-----END PUBLIC KEY-----".into(),
            previous_key: "".into(),
        };
        assert!(SignedVisitorTokens::new(&settings).is_err());
    }
}
