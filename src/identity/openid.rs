//! OpenID Connect: members of the team sign in at a provider, which sends their groups.
//!
//! The authorization code flow with PKCE, a state and a nonce, and the validation of ID tokens. The state between the
//! two redirects is in a cookie of the browser, so that any pod can complete the flow.

use hsc_actors::ports::archive::{Account, AccountChange, Role};
use hsc_actors::ports::{IdentityError, OpenedSession, ProviderCallback, ProviderSignIn};
use hsc_config::OpenIdSettings;
use hsc_conversation::{BoxError, clean_name};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::accounts::account;
use super::openid_provider::Provider;
use super::secret::{self, same};
use super::signature::{ALGORITHMS, is_understood};
use super::team::{Team, down, refused};

/// Requested claims: subject, mail address, name.
const SCOPE: &str = "openid email profile";
/// Largest difference between the provider's clock and ours, in seconds.
const LEEWAY: u64 = 60;

impl Team {
    pub(super) async fn go_to_provider(
        &self,
        back_to: String,
    ) -> Result<ProviderSignIn, IdentityError> {
        let provider = self.configured_provider()?;
        let (state, nonce, verifier) = (secret::random(), secret::random(), secret::random());
        let about = provider.about().await.map_err(|cause| IdentityError::Down { cause })?;
        let mut address = about.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.settings.client_id)
            .append_pair("redirect_uri", &back_to)
            .append_pair("scope", SCOPE)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &secret::challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(ProviderSignIn {
            address: address.into(),
            state_cookie: format!("{state}.{nonce}.{verifier}"),
        })
    }

    pub(super) async fn back_from_provider(
        &self,
        returned: ProviderCallback,
    ) -> Result<OpenedSession, IdentityError> {
        let provider = self.configured_provider()?;
        let cookie = returned.state_cookie.as_deref().unwrap_or_default();
        let [state, nonce, verifier] = cookie.split('.').collect::<Vec<_>>()[..] else {
            return Err(not_verified("this browser has not begun to sign in"));
        };
        // Else a forged link could sign a user in to another account.
        if !same(state, &returned.state) {
            return Err(not_verified("the state is of another sign-in"));
        }
        let code = returned.code.map_err(|error| {
            let word = error.chars().filter(char::is_ascii_graphic).take(40).collect::<String>();
            not_verified(format!("the provider says {word}"))
        })?;
        let token = provider.id_token(&code, verifier, &returned.back_to).await;
        let token = token.map_err(not_verified)?;
        let vouched = check(provider, &token, nonce).await.map_err(not_verified)?;
        let account = self.account_of(vouched).await?;
        self.open(&account, "openid", returned.from, None).await
    }

    fn configured_provider(&self) -> Result<&Provider, IdentityError> {
        self.provider.as_ref().ok_or_else(|| not_verified("no provider is configured"))
    }

    /// The account of a user of the provider, updated with the provider's current data.
    async fn account_of(&self, vouched: ProviderIdentity) -> Result<Account, IdentityError> {
        let ProviderIdentity { subject, address, name, role } = vouched;
        let role = role.ok_or(IdentityError::NoRole)?;
        let mut found = self.accounts.by_subject(&subject).await.map_err(down)?;
        if let (None, Some(address)) = (&found, &address) {
            // The owner of the mailbox owns the account; an account with a subject stays with that subject.
            let of_address = self.accounts.by_address(address).await.map_err(down)?;
            found = of_address.filter(|it| it.subject.is_none());
        }
        let Some(known) = found else {
            let address = address.unwrap_or_else(|| {
                // Some providers send no address; an account needs a unique one.
                format!("{}@openid.invalid", &secret::stored_hash(&subject)[..16])
            });
            let name =
                name.unwrap_or_else(|| address.split('@').next().unwrap_or_default().to_owned());
            let account = account(name, address, role, None, Some(subject));
            self.accounts.add(account.clone()).await.map_err(refused)?;
            return Ok(account);
        };
        if known.is_disabled {
            return Err(IdentityError::NoRole);
        }
        let change = AccountChange {
            name: name.filter(|name| *name != known.name),
            role: (role != known.role).then_some(role),
            subject: known.subject.is_none().then_some(subject),
            ..AccountChange::default()
        };
        if change == AccountChange::default() {
            return Ok(known);
        }
        self.accounts.change(&known.id, change).await.map_err(refused)
    }
}

fn not_verified(cause: impl Into<BoxError>) -> IdentityError {
    IdentityError::NotVerified { cause: cause.into() }
}

/// A user as the provider identifies them.
#[derive(Debug, PartialEq, Eq)]
struct ProviderIdentity {
    /// Issuer and subject: the only identifier that never changes.
    subject: String,
    /// The mail address, if the provider has verified it.
    address: Option<String>,
    /// Display name.
    name: Option<String>,
    /// The role by the settings.
    role: Option<Role>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    name: Option<String>,
    preferred_username: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Validates signature, audience, lifetime and nonce.
async fn check(
    provider: &Provider,
    token: &str,
    nonce: &str,
) -> Result<ProviderIdentity, BoxError> {
    let settings = &provider.settings;
    let header = decode_header(token)?;
    if !is_understood(&header) {
        return Err("the ID token has a critical header (crit), and none is known here".into());
    }
    // A shared secret is never accepted: the key is one that the provider publishes.
    if header.alg == Algorithm::HS256 || !ALGORITHMS.contains(&header.alg) {
        return Err(
            format!("the ID token is signed with {:?}, which is not taken", header.alg).into()
        );
    }
    let key = DecodingKey::from_jwk(&provider.key(header.kid.as_deref()).await?)?;
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.client_id]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    let claims = decode::<Claims>(token, &key, &validation)?.claims;
    if !claims.nonce.as_deref().is_some_and(|brought| same(brought, nonce)) {
        return Err("the ID token is of another sign-in".into());
    }
    // With several audiences the token must name us as the authorized party (OpenID Connect Core, section 3.1.3.7).
    let is_for_many = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    let is_ours = |azp: &String| *azp == settings.client_id;
    if !claims.azp.as_ref().map_or(!is_for_many, is_ours) {
        return Err("the ID token was issued to another client".into());
    }
    Ok(vouched(claims, settings))
}

fn vouched(claims: Claims, settings: &OpenIdSettings) -> ProviderIdentity {
    let filled = |text: Option<String>| {
        let plain = clean_name(&text?.chars().take(80).collect::<String>());
        Some(plain).filter(|plain| !plain.is_empty())
    };
    let address =
        claims.email.filter(|_| claims.email_verified).map(|it| clean_name(&it).to_lowercase());
    ProviderIdentity {
        subject: format!("{} {}", claims.iss, claims.sub),
        address: address.filter(|address| !address.is_empty()),
        name: filled(claims.name).or_else(|| filled(claims.preferred_username)),
        role: role(&claims.others, settings),
    }
}

/// The role that the settings assign to the claim; the higher one of two.
fn role(claims: &Map<String, Value>, settings: &OpenIdSettings) -> Option<Role> {
    let roles = claim(claims, &settings.role_claim)?;
    let roles: Vec<&str> = match roles {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let any = |wanted: &[String]| wanted.iter().any(|wanted| roles.contains(&wanted.as_str()));
    if any(&settings.admins) {
        Some(Role::Admin)
    } else if any(&settings.agents) {
        Some(Role::Agent)
    } else {
        None
    }
}

/// A claim by its name, or by a path as in `realm_access.roles` when no claim has that name.
fn claim<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        claim(claims.get(first)?.as_object()?, rest)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(role_claim: &str) -> OpenIdSettings {
        OpenIdSettings {
            issuer: "https://id.example".to_owned(),
            client_id: "hsc".to_owned(),
            client_secret: "".into(),
            name: "OpenID".to_owned(),
            role_claim: role_claim.to_owned(),
            admins: vec!["ops".to_owned()],
            agents: vec!["support".to_owned(), "second line".to_owned()],
            allow_private: false,
        }
    }

    fn role_of(role_claim: &str, claims: Value) -> Option<Role> {
        role(claims.as_object().unwrap(), &settings(role_claim))
    }

    #[test]
    fn the_role_follows_from_the_claim_by_the_settings() {
        assert_eq!(role_of("groups", json!({ "groups": ["support"] })), Some(Role::Agent));
        assert_eq!(role_of("groups", json!({ "groups": "second line" })), Some(Role::Agent));
        assert_eq!(role_of("groups", json!({ "groups": ["support", "ops"] })), Some(Role::Admin));
        for none in [
            json!({}),
            json!({ "groups": ["sales"] }),
            json!({ "groups": 7 }),
            json!({ "groups": "op" }),
        ] {
            assert_eq!(role_of("groups", none), None);
        }
        let keycloak = json!({ "realm_access": { "roles": ["ops"] } });
        assert_eq!(role_of("realm_access.roles", keycloak), Some(Role::Admin));
        let auth0 = json!({ "https://hsc.example/roles": ["ops"] });
        assert_eq!(role_of("https://hsc.example/roles", auth0), Some(Role::Admin));
    }

    #[test]
    fn an_address_counts_only_when_the_provider_has_verified_it() {
        let read = |claims: Value| {
            let claims: Claims = serde_json::from_value(claims).unwrap();
            vouched(claims, &settings("groups"))
        };
        let mut claims = json!({ "iss": "https://id.example", "sub": "7", "aud": "hsc",
            "email": "Yael@example.test", "preferred_username": "yael", "groups": ["support"] });
        let yael = read(claims.clone());
        assert_eq!((yael.address, yael.name.as_deref()), (None, Some("yael")));
        assert_eq!(yael.subject, "https://id.example 7");
        assert_eq!(yael.role, Some(Role::Agent));
        claims["email_verified"] = true.into();
        assert_eq!(read(claims).address.as_deref(), Some("yael@example.test"));
    }
}
