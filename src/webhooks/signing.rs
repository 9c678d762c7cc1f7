//! Signatures of Standard Webhooks: HMAC-SHA256 of id, time and body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

/// Prefix of every secret.
const PREFIX: &str = "whsec_";

/// The signing keys of an endpoint: one, or two during a rotation.
pub(super) struct Keys(Vec<hmac::Key>);

/// A secret that is not in the required format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not whsec_ and base64; make one by: echo whsec_$(openssl rand -base64 32)")]
pub struct InvalidKeys;

impl Keys {
    pub(super) fn new<'a>(secrets: impl Iterator<Item = &'a str>) -> Result<Self, InvalidKeys> {
        let key = |secret: &str| {
            let digits = secret.strip_prefix(PREFIX).ok_or(InvalidKeys)?;
            let bytes = BASE64_STANDARD.decode(digits).map_err(|_| InvalidKeys)?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        secrets.map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The value of `webhook-signature`: one `v1,…` per key, separated by spaces. A receiver accepts any of them.
    pub(super) fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let sign = |key| {
            let tag = hmac::sign(key, signed.as_bytes());
            format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref()))
        };
        self.0.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret, message and signature of the specification of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_matches_the_specification() {
        let keys = Keys::new([SECRET].into_iter()).unwrap();
        assert_eq!(keys.sign(ID, 1_614_265_330, BODY), SIGNED);
    }

    #[test]
    fn during_a_rotation_both_secrets_sign() {
        let other = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
        let keys = Keys::new([other, SECRET].into_iter()).unwrap();
        let signed = keys.sign(ID, 1_614_265_330, BODY);
        let both: Vec<&str> = signed.split(' ').collect();
        assert_eq!((both.len(), both[1]), (2, SIGNED));
    }

    #[test]
    fn an_invalid_secret_is_refused() {
        for secret in ["hush", "whsec_hush!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(Keys::new([secret].into_iter()).err(), Some(InvalidKeys), "{secret}");
        }
    }
}
