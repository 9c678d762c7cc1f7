//! The authorization code flow.

use hsc_actors::ports::archive::{Account, AccountChange};
use hsc_actors::ports::{IdentityError, OpenedSession, ProviderCallback, ProviderSignIn};
use hsc_conversation::BoxError;

use super::super::account_creation::account;
use super::super::refusal::{down, refused};
use super::super::secret::{self, same};
use super::super::team::Team;
use super::provider::Provider;
use super::token::{ProviderIdentity, check};

/// Requested claims: subject, mail address, name.
const SCOPE: &str = "openid email profile";

impl Team {
    pub(in super::super) async fn go_to_provider(
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

    pub(in super::super) async fn back_from_provider(
        &self,
        returned: ProviderCallback,
    ) -> Result<OpenedSession, IdentityError> {
        let provider = self.configured_provider()?;
        let cookie = returned.state_cookie.as_deref().unwrap_or_default();
        let mut parts = cookie.split('.');
        let (Some(state), Some(nonce), Some(verifier), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
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
        let by_subject = self.accounts.by_subject(&subject).await.map_err(down)?;
        let found = match (by_subject, &address) {
            (Some(account), _) => Some(account),
            // The owner of the mailbox owns the account; an account with a subject stays with that subject.
            (None, Some(address)) => self
                .accounts
                .by_address(address)
                .await
                .map_err(down)?
                .filter(|it| it.subject.is_none()),
            (None, None) => None,
        };
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
