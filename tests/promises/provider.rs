//! An OpenID Connect provider on this machine: it signs real tokens, and checks the requests that it gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::{Url, form_urlencoded};

/// An RSA key that only these tests use.
const RSA_KEY: &[u8] = include_bytes!("../data/provider_key.pk8");
pub(crate) const CLIENT: &str = "hsc";
pub(crate) const SECRET: &str = "a secret: of hsc & the provider";

/// An OpenID provider on its own port.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    state: Arc<Mutex<State>>,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Rsa,
    Ec,
    /// With a key that the provider does not publish.
    Stranger,
    /// As [`By::Rsa`], with a critical header that no client understands.
    RsaWithCritical,
}

struct State {
    /// The grants by code: the client, the redirect URI and the token.
    granted: HashMap<String, Grant>,
    ec: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
}

struct Grant {
    redirect_uri: String,
    challenge: String,
    token: String,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let state = State { granted: HashMap::new(), ec: ec_key(), stranger: ec_key() };
        let state = Arc::new(Mutex::new(state));
        let (base, shared) = (issuer.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(serve(caller, base.clone(), Arc::clone(&shared)));
            }
        });
        Self { issuer, state }
    }

    /// The settings of a server that uses this provider.
    pub(crate) fn settings(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("identity.openid.issuer", &self.issuer),
            ("identity.openid.client_id", CLIENT),
            ("identity.openid.client_secret", SECRET),
            ("identity.openid.name", "House of the team"),
            ("identity.openid.admins", "ops"),
            ("identity.openid.agents", "support"),
            ("identity.openid.allow_private", "true"),
        ]
    }

    /// A user signs in at this authorization URL. `change` modifies the claims before
    /// they are signed. Returns the redirect back to the server.
    pub(crate) fn grants(
        &self,
        authorize_url: &str,
        by: By,
        change: impl FnOnce(&mut Value),
    ) -> Url {
        let authorize_url: Url = authorize_url.parse().expect("an address");
        assert_eq!(authorize_url.path(), "/authorize");
        let params: HashMap<String, String> = authorize_url.query_pairs().into_owned().collect();
        assert_eq!((&*params["response_type"], &*params["client_id"]), ("code", CLIENT));
        assert_eq!(params["code_challenge_method"], "S256");
        assert!(params["scope"].split(' ').any(|scope| scope == "openid"));
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({ "iss": self.issuer, "aud": CLIENT, "sub": "yael-7", "iat": now,
            "exp": now + 300, "nonce": params["nonce"], "name": "Yael Cohen",
            "email": "yael.cohen@example.test", "email_verified": true, "groups": ["support"] });
        change(&mut claims);
        let mut state = self.state.lock().expect("holding it does not panic");
        let token = state.signed(by, &claims);
        let code = format!("code-{}", state.granted.len());
        let grant = Grant {
            redirect_uri: params["redirect_uri"].clone(),
            challenge: params["code_challenge"].clone(),
            token,
        };
        state.granted.insert(code.clone(), grant);
        let mut back: Url = params["redirect_uri"].parse().expect("an address");
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &params["state"]);
        back
    }
}

impl State {
    fn signed(&self, by: By, claims: &Value) -> String {
        let (algorithm, kid) = match by {
            By::Rsa | By::RsaWithCritical => ("RS256", "rsa"),
            By::Ec | By::Stranger => ("ES256", "ec"),
        };
        let part = |value: &Value| BASE64.encode(value.to_string());
        let mut header = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" });
        if by == By::RsaWithCritical {
            header["crit"] = json!(["only-for"]);
            header["only-for"] = json!("another server");
        }
        let signed_part = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let signed = match by {
            By::Rsa | By::RsaWithCritical => {
                let key = rsa_key();
                let mut signed = vec![0; key.public().modulus_len()];
                key.sign(
                    &signature::RSA_PKCS1_SHA256,
                    &random,
                    signed_part.as_bytes(),
                    &mut signed,
                )
                .expect("it signs");
                signed
            }
            By::Ec | By::Stranger => {
                let key = if by == By::Ec { &self.ec } else { &self.stranger };
                key.sign(&random, signed_part.as_bytes()).expect("it signs").as_ref().to_vec()
            }
        };
        format!("{signed_part}.{}", BASE64.encode(signed))
    }

    /// The token for a code, once, for the client that began the sign-in.
    fn token(
        &mut self,
        form: &HashMap<String, String>,
        authorization: &str,
    ) -> Result<Value, &str> {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let pair = format!("{}:{}", encoded(CLIENT), encoded(SECRET));
        if authorization != format!("Basic {}", STANDARD.encode(pair)) {
            return Err("invalid_client");
        }
        let grant = self.granted.remove(&form["code"]).ok_or("invalid_grant")?;
        let digest = ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes());
        let is_theirs = BASE64.encode(digest) == grant.challenge
            && form["redirect_uri"] == grant.redirect_uri
            && form["grant_type"] == "authorization_code";
        if !is_theirs {
            return Err("invalid_grant");
        }
        Ok(json!({ "id_token": grant.token, "access_token": "of no use", "token_type": "Bearer" }))
    }
}

fn ec_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let how = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(how, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(how, pkcs8.as_ref(), &random).expect("a key")
}

fn rsa_key() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(RSA_KEY).expect("a key")
}

/// A token with these claims, signed by the RSA key, as a visitor token of an embedding site.
pub(crate) fn rs256(claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let signed_part =
        format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let key = rsa_key();
    let mut signed = vec![0; key.public().modulus_len()];
    key.sign(
        &signature::RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed_part.as_bytes(),
        &mut signed,
    )
    .expect("it signs");
    format!("{signed_part}.{}", BASE64.encode(signed))
}

/// The public RSA key as `openssl rsa -pubout` prints it.
pub(crate) fn public_pem() -> String {
    /// `rsaEncryption`, without parameters.
    const ALGORITHM: [u8; 15] = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    let key = rsa_key();
    let mut bits = vec![0];
    bits.extend_from_slice(key.public().as_ref());
    let inner = [ALGORITHM.to_vec(), der(3, &bits)].concat();
    let text = STANDARD.encode(der(0x30, &inner));
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// A DER value of more than 255 bytes.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("a key is short").to_be_bytes();
    [&[tag, 0x82], &length[..], value].concat()
}

fn keys(state: &State) -> Value {
    let rsa = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(rsa_key().public());
    let ec = state.ec.public_key().as_ref();
    json!({ "keys": [
        { "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256",
          "n": BASE64.encode(rsa.n), "e": BASE64.encode(rsa.e) },
        { "kty": "EC", "kid": "ec", "use": "sig", "alg": "ES256", "crv": "P-256",
          "x": BASE64.encode(&ec[1..33]), "y": BASE64.encode(&ec[33..65]) },
    ] })
}

async fn serve(mut caller: TcpStream, issuer: String, state: Arc<Mutex<State>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match caller.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).expect("a head is text");
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if caller.read_exact(&mut body).await.is_err() {
        return;
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let (status, answer) = match path {
        "/.well-known/openid-configuration" => (
            "200 OK",
            json!({ "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys") }),
        ),
        "/keys" => ("200 OK", keys(&state.lock().expect("holding it does not panic"))),
        "/token" => {
            let form = form_urlencoded::parse(&body).into_owned().collect();
            let mut state = state.lock().expect("holding it does not panic");
            match state.token(&form, &header("authorization").unwrap_or_default()) {
                Ok(token) => ("200 OK", token),
                Err(error) => ("400 Bad Request", json!({ "error": error })),
            }
        }
        _ => ("404 Not Found", json!({ "error": "not_found" })),
    };
    let answer = answer.to_string();
    let length = answer.len();
    let reply = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
    );
    // The client may have disconnected.
    let _ = caller.write_all(reply.as_bytes()).await;
}
