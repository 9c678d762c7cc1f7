//! Verifies the signatures of tokens (JWT) with ring, which the binary contains anyway.
//!
//! jsonwebtoken parses tokens and validates their claims; its cryptography is pluggable.
//! Tokens are only verified here, never signed.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey, Header};
use ring::{hmac, signature};

/// The supported algorithms. Each has a key type of its own, so that a token cannot choose how it is verified.
pub(super) const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::HS256, Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// True when the header names no critical extension (RFC 7515, section 4.1.11). None is
/// implemented here, so every `crit` is refused, also an empty one, which the standard forbids.
pub(super) fn is_understood(header: &Header) -> bool {
    header.crit.is_none()
}

static RING: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs ring as the crypto provider of jsonwebtoken, process-wide.
pub(super) fn with_ring() {
    // A second install is refused and changes nothing.
    let _ = RING.install_default();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let family = match algorithm {
        Algorithm::HS256 => AlgorithmFamily::Hmac,
        Algorithm::RS256 | Algorithm::PS256 => AlgorithmFamily::Rsa,
        Algorithm::ES256 => AlgorithmFamily::Ec,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    // A public key is public: used as a shared secret it would let anyone sign.
    if key.family() != family {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Verifier { algorithm: *algorithm, key: key.kind().clone() }))
}

struct Verifier {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl Verifier {
    fn holds(&self, message: &[u8], signed: &[u8]) -> Result<(), ring::error::Unspecified> {
        match (self.algorithm, &self.key) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(key)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, signed)
            }
            (Algorithm::RS256, key) => {
                rsa(key, &signature::RSA_PKCS1_2048_8192_SHA256, message, signed)
            }
            (Algorithm::PS256, key) => {
                rsa(key, &signature::RSA_PSS_2048_8192_SHA256, message, signed)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(key)) => {
                let key =
                    signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key);
                key.verify(message, signed)
            }
            _ => Err(ring::error::Unspecified),
        }
    }
}

fn rsa(
    key: &DecodingKeyKind,
    how: &'static signature::RsaParameters,
    message: &[u8],
    signed: &[u8],
) -> Result<(), ring::error::Unspecified> {
    match key {
        DecodingKeyKind::SecretOrDer(key) => {
            signature::UnparsedPublicKey::new(how, key).verify(message, signed)
        }
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            signature::RsaPublicKeyComponents { n, e }.verify(how, message, signed)
        }
    }
}

impl ::signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), ::signature::Error> {
        self.holds(message, signed).map_err(|_| ::signature::Error::new())
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
