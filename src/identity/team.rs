//! The members of the team: sign-in by password, sessions, sign-out.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hsc_actors::ports::archive::{
    Account, AccountError, AccountSession, Accounts, ArchiveError, AttemptOutcome, LockOut,
};
use hsc_actors::ports::{
    Attempt, Auditor, FirstAdmin, Identify, IdentityError, IdentityReply, OpenedSession, Person,
    ProviderCallback, ProviderSignIn, SignedIn,
};
use hsc_config::{AdminSettings, IdentitySettings, Secret};
use hsc_conversation::ClientAddress;
use hsc_conversation::archive::Audit;
use hsc_conversation::now_ms;
use log::warn;
use tokio::time::Instant;

use super::attempts::{self, TokenAttempts, TooMany};
use super::openid_provider::{NoProvider, Provider};
use super::password::Hasher;
use super::secret;
use crate::outbound::OutboundTls;

/// Consecutive failures of an account after which admins see a warning.
const ATTACKED_AFTER: u32 = 10;
/// How long the warning is shown after the last failure.
const ATTACKED_FOR: Duration = Duration::from_secs(15 * 60);
/// How long a device is remembered after its last sign-in: half a year.
const DEVICE_LASTS: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// Shortest interval in which the use of a session is stored: an idle time is measured in hours.
const NOTED_EVERY_MS: u64 = 60_000;
/// What an attempt without an account is audited as. The typed address is left out: people type passwords into the
/// wrong field.
const UNKNOWN_ACCOUNT: (&str, &str) = ("nobody", "sign_in");

/// Signs members in and out.
pub struct Team {
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) hasher: Hasher,
    /// The two valid admin tokens; an empty one is none.
    admin_tokens: RwLock<[Secret; 2]>,
    token_attempts: TokenAttempts,
    pub(super) first_link_ms: u64,
    pub(super) first_attempts: TokenAttempts,
    pub(super) provider: Option<Provider>,
    auditor: Auditor,
    idle_ms: u64,
    lasts: Duration,
}

fn tokens_of(admin: &AdminSettings) -> [Secret; 2] {
    [admin.token.clone(), admin.previous_token.clone()]
}

impl Team {
    /// Over these accounts, with `admin.token`.
    ///
    /// # Errors
    /// When the configured provider cannot be used.
    pub fn new(
        settings: &IdentitySettings,
        admin: &AdminSettings,
        accounts: Arc<dyn Accounts>,
        auditor: Auditor,
        tls: &OutboundTls,
    ) -> Result<Self, NoProvider> {
        Ok(Self {
            accounts,
            hasher: Hasher::new(),
            admin_tokens: RwLock::new(tokens_of(admin)),
            token_attempts: TokenAttempts::new(("token", "admin_token")),
            first_attempts: TokenAttempts::new(("link", "first_link")),
            first_link_ms: settings.first_link_ms,
            provider: Provider::new(&settings.openid, tls)?,
            auditor,
            idle_ms: settings.session_idle_ms,
            lasts: Duration::from_millis(settings.session_ms),
        })
    }

    /// Accepts the admin tokens of these settings from now on.
    pub fn replace_admin_tokens(&self, admin: &AdminSettings) {
        *self.admin_tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens_of(admin);
    }

    async fn password(&self, attempt: Attempt) -> Result<OpenedSession, IdentityError> {
        let Attempt { address, password, from, device } = attempt;
        let (address, now) = (address.trim().to_lowercase(), now_ms());
        let known_since = now.saturating_sub(millis(DEVICE_LASTS));
        let hash = device.as_deref().map(secret::stored_hash);
        let is_known = match &hash {
            Some(hash) => {
                self.accounts.is_device_of(hash, &address, known_since).await.map_err(down)?
            }
            None => false,
        };
        let known_hash = hash.as_deref().filter(|_| is_known);
        let counted = attempts::sign_in(address.clone(), from, known_hash, now);
        let outcome = self.accounts.count_attempt(counted.clone()).await.map_err(down)?;
        if let AttemptOutcome::Refused { wait, is_first } = outcome {
            if is_first {
                self.audit_attempt(UNKNOWN_ACCOUNT, "failed", "too many attempts", from);
            }
            return Err(IdentityError::TooMany { wait });
        }
        let account = self.accounts.by_address(&address).await.map_err(down)?;
        let usable = account.as_ref().filter(|it| !it.is_disabled);
        let hash = usable.and_then(|it| it.password_hash.clone());
        let is_right = self.hasher.is_right(password, hash).await?;
        match account {
            Some(account) if is_right => {
                self.accounts.attempt_succeeded(counted).await.map_err(down)?;
                self.open(&account, "password", from, device.filter(|_| is_known)).await
            }
            Some(account) => {
                self.failed(&account, from);
                Err(IdentityError::Wrong)
            }
            None => {
                self.audit_attempt(UNKNOWN_ACCOUNT, "failed", "unknown address", from);
                Err(IdentityError::Wrong)
            }
        }
    }

    /// Stores a failure in a task of its own: the response must not take longer for an existing account.
    fn failed(&self, account: &Account, from: ClientAddress) {
        self.audit(account, "sign_in.failed", "", from);
        let accounts = Arc::clone(&self.accounts);
        let id = account.id.clone();
        let lock_out = LockOut { after: ATTACKED_AFTER, until_ms: now_ms() + millis(ATTACKED_FOR) };
        tokio::spawn(async move {
            if let Err(error) = accounts.sign_in_failed(&id, lock_out).await {
                warn!(account:% = id, cause:% = error; "a failed sign-in could not be counted");
            }
        });
    }

    /// Opens a session. Its secret is always new, so that an attacker cannot prepare a session for another user. So is
    /// the device's, unless the device has signed in to this account before.
    pub(super) async fn open(
        &self,
        account: &Account,
        how: &str,
        from: ClientAddress,
        known_device: Option<String>,
    ) -> Result<OpenedSession, IdentityError> {
        let secret = secret::random();
        let (csrf, now) = (secret::csrf(&secret), now_ms());
        let session = AccountSession {
            hash: secret::stored_hash(&secret),
            account: account.id.clone(),
            csrf: csrf.clone(),
            created_ms: now,
            expires_ms: now.saturating_add(millis(self.lasts)),
            used_ms: now,
        };
        self.accounts.signed_in(session).await.map_err(refused)?;
        let device = known_device.unwrap_or_else(secret::random);
        let device_hash = secret::stored_hash(&device);
        if let Err(error) = self.accounts.remember_device(&device_hash, &account.id, now).await {
            // The session is valid; the next sign-in counts as that of an unknown device.
            warn!(account:% = account.id, cause:% = error; "a device could not be remembered");
        }
        self.audit(account, "sign_in", how, from);
        let signed_in = SignedIn { person: person(account), csrf };
        let (lasts, device_lasts) = (self.lasts, DEVICE_LASTS);
        Ok(OpenedSession { signed_in, secret, lasts, device, device_lasts })
    }

    pub(super) fn audit(&self, account: &Account, action: &str, detail: &str, from: ClientAddress) {
        (self.auditor)(Audit {
            who: account.id.clone(),
            role: account.role.as_str().to_owned(),
            action: action.to_owned(),
            subject: account.id.clone(),
            detail: detail.to_owned(),
            address: from.to_string(),
        });
    }

    /// Refuses a client that has tried too many secrets without an account. Every such comparison begins with this and
    /// ends with [`Self::judged`].
    pub(super) fn admitted(
        &self,
        attempts: &TokenAttempts,
        from: ClientAddress,
    ) -> Result<(), IdentityError> {
        attempts.admit(from.key(), Instant::now()).map_err(|TooMany { wait, is_first }| {
            if is_first {
                self.audit_attempt(attempts.audited_as, "failed", "too many attempts", from);
            }
            IdentityError::TooMany { wait }
        })
    }

    /// Counts an admitted attempt.
    pub(super) fn judged(
        &self,
        attempts: &TokenAttempts,
        is_right: bool,
        from: ClientAddress,
    ) -> Result<(), IdentityError> {
        let now = Instant::now();
        if !is_right {
            attempts.failed(from.key(), now);
            self.audit_attempt(attempts.audited_as, "failed", "", from);
            return Err(IdentityError::Wrong);
        }
        if attempts.succeeded(from.key(), now) {
            self.audit_attempt(attempts.audited_as, "used", "", from);
        }
        Ok(())
    }

    fn audit_attempt(
        &self,
        (who, what): (&str, &str),
        outcome: &str,
        detail: &str,
        from: ClientAddress,
    ) {
        (self.auditor)(Audit {
            who: who.to_owned(),
            role: String::new(),
            action: format!("{what}.{outcome}"),
            subject: String::new(),
            detail: detail.to_owned(),
            address: from.to_string(),
        });
    }

    /// The session of this secret, and its account; a session that was idle for too long is ended. The lookup may count
    /// as a use of the session.
    async fn session(
        &self,
        secret: &str,
        is_use: bool,
    ) -> Result<Option<(AccountSession, Account)>, IdentityError> {
        let (hash, now) = (secret::stored_hash(secret), now_ms());
        let Some((session, account)) = self.accounts.session(&hash, now).await.map_err(down)?
        else {
            return Ok(None);
        };
        let idle = now.saturating_sub(session.used_ms);
        if idle >= self.idle_ms {
            self.accounts.sign_out(&hash).await.map_err(down)?;
            return Ok(None);
        }
        // Often enough that a short idle time never ends a session in use.
        if is_use && idle >= NOTED_EVERY_MS.min(self.idle_ms / 4) {
            self.accounts.session_used(&session.hash, now).await.map_err(down)?;
        }
        Ok(Some((session, account)))
    }
}

impl Identify for Team {
    fn authenticate<'a>(&'a self, secret: &'a str) -> IdentityReply<'a, Option<SignedIn>> {
        Box::pin(async move {
            let known = self.session(secret, true).await?;
            Ok(known.map(|(session, account)| SignedIn {
                person: person(&account),
                csrf: session.csrf,
            }))
        })
    }

    fn peek<'a>(&'a self, secret: &'a str) -> IdentityReply<'a, Option<Person>> {
        Box::pin(async move {
            Ok(self.session(secret, false).await?.map(|(_, account)| person(&account)))
        })
    }

    fn has_accounts(&self) -> IdentityReply<'_, bool> {
        Box::pin(async { Ok(self.accounts.count().await.map_err(down)? > 0) })
    }

    fn admin_token(&self, token: &str, from: ClientAddress) -> Result<(), IdentityError> {
        let is_right = || {
            let valid = self.admin_tokens.read().unwrap_or_else(PoisonError::into_inner);
            let valid = valid.iter().filter_map(Secret::reveal);
            // Both are compared: the time says nothing about which one is set.
            valid.fold(false, |found, right| found | secret::same(token, right))
        };
        self.admitted(&self.token_attempts, from)?;
        self.judged(&self.token_attempts, is_right(), from)
    }

    fn sign_in(&self, attempt: Attempt) -> IdentityReply<'_, OpenedSession> {
        Box::pin(self.password(attempt))
    }

    fn sign_out<'a>(&'a self, secret: &'a str, everywhere: bool) -> IdentityReply<'a, ()> {
        Box::pin(async move {
            let Some((session, _)) = self.session(secret, true).await? else { return Ok(()) };
            if everywhere {
                self.accounts.sign_out_everywhere(&session.account).await.map_err(down)?;
            } else {
                self.accounts.sign_out(&session.hash).await.map_err(down)?;
            }
            Ok(())
        })
    }

    fn first(&self, first: FirstAdmin, from: ClientAddress) -> IdentityReply<'_, OpenedSession> {
        Box::pin(self.make_first(first, from))
    }

    fn provider(&self) -> Option<&str> {
        self.provider.as_ref().map(Provider::name)
    }

    fn begin(&self, back_to: String) -> IdentityReply<'_, ProviderSignIn> {
        Box::pin(self.go_to_provider(back_to))
    }

    fn end(&self, returned: ProviderCallback) -> IdentityReply<'_, OpenedSession> {
        Box::pin(self.back_from_provider(returned))
    }
}

fn person(account: &Account) -> Person {
    Person { id: account.id.clone(), name: account.name.clone(), role: account.role }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn down(cause: ArchiveError) -> IdentityError {
    IdentityError::Down { cause: cause.into() }
}

pub(super) fn unfit(why: impl std::fmt::Display) -> IdentityError {
    IdentityError::Unfit(why.to_string())
}

pub(super) fn refused(error: AccountError) -> IdentityError {
    match error {
        AccountError::Archive(cause) => down(cause),
        AccountError::Unknown => IdentityError::Wrong,
        other => unfit(other),
    }
}
