//! Uses changed secrets without a restart.
//!
//! The settings are loaded again on SIGHUP and every few seconds, because a volume of secrets changes without a signal.
//! Of a change only the secrets are used: the keys of resume tokens, the admin tokens, the keys of visitor tokens, and
//! the signing keys of webhooks. Others (Redis, the archive, the language model, the sign-in provider) are read at the
//! start; a change of these is logged once.
//!
//! Never: a secret in the log, a part of the new secrets where one of them is invalid.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hsc_config::{Secret, Settings, SettingsError};
use hsc_conversation::{BoxError, Tokens};
use log::{info, warn};

use crate::identity::{SignedVisitorTokens, Team};
use crate::webhooks::Webhooks;

/// Interval of the comparisons.
const COMPARED_EVERY: Duration = Duration::from_secs(5);

/// Replaces the secrets of running components.
pub(crate) struct SecretsReloader {
    /// The settings that the components were made with, and later those whose secrets they use.
    pub(crate) current: Mutex<Settings>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) team: Arc<Team>,
    pub(crate) visitor_tokens: Arc<SignedVisitorTokens>,
    pub(crate) webhooks: Webhooks,
}

impl SecretsReloader {
    /// Loads and compares until the task is aborted. `hangup` completes when the operator asks for it.
    pub(crate) async fn keep_current(
        self: Arc<Self>,
        load: impl Fn() -> Result<Settings, SettingsError> + Clone + Send + 'static,
        mut hangup: tokio::signal::unix::Signal,
    ) {
        let mut last_error = None;
        loop {
            // No deadline: a sleep ends.
            tokio::select! {
                () = tokio::time::sleep(COMPARED_EVERY) => {}
                _ = hangup.recv() => {}
            }
            let (reloader, load) = (Arc::clone(&self), load.clone());
            let done = tokio::task::spawn_blocking(move || {
                let settings = load().map_err(|error| error.to_string())?;
                reloader.apply(settings).map_err(|error| error.to_string())
            });
            let error = match done.await {
                Ok(result) => result.err(),
                Err(panicked) => Some(panicked.to_string()),
            };
            // An error lasts for many comparisons; it is logged once.
            if let Some(error) = error.as_ref().filter(|_| error != last_error) {
                warn!(error; "the settings cannot be loaded again; the present secrets stay");
            }
            last_error = error;
        }
    }

    /// Uses the secrets of these settings, all or none.
    fn apply(&self, settings: Settings) -> Result<(), BoxError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == settings {
            return Ok(());
        }
        // What can be refused comes first.
        let visitor_keys = SignedVisitorTokens::keys_of(&settings.visitors)?;
        let signing_keys = Webhooks::keys_of(&settings.webhooks)?;
        let changed = |name: &'static str, is_changed: bool| {
            if is_changed {
                info!(setting = name; "the secret was replaced");
            }
            is_changed
        };
        let (before, after) = (&current.conversations, &settings.conversations);
        if changed("conversations.token_keys", before.token_keys != after.token_keys) {
            let keys = after.token_keys.iter().filter_map(Secret::reveal);
            self.tokens.replace_keys(keys.map(str::as_bytes));
        }
        if changed("admin.token", current.admin != settings.admin) {
            self.team.replace_admin_tokens(&settings.admin);
        }
        if changed("visitors.key", current.visitors != settings.visitors) {
            self.visitor_tokens.replace(visitor_keys);
        }
        if changed("webhooks.endpoints", current.webhooks.endpoints != settings.webhooks.endpoints)
        {
            self.webhooks.replace_keys(signing_keys);
        }
        let at_the_start = [
            ("redis.url", current.redis.url != settings.redis.url),
            ("archive.url", current.archive.url != settings.archive.url),
            ("answers.llm.api_key", current.answers.llm.api_key != settings.answers.llm.api_key),
            (
                "identity.openid.client_secret",
                current.identity.openid.client_secret != settings.identity.openid.client_secret,
            ),
        ];
        for (setting, _) in at_the_start.into_iter().filter(|(_, is_changed)| *is_changed) {
            warn!(setting; "the secret has changed; it is used after a restart");
        }
        *current = settings;
        Ok(())
    }
}
