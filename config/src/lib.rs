//! The settings: their types, sources, validation and error messages.
//!
//! [`Settings::load`] merges `default.toml`, the file of `--config` and the environment into
//! one typed tree. This crate only reads settings; it knows no actor, no socket and no log.

mod cross_validation;
mod error;
mod load;
mod names;
pub mod origin;
mod reference;
mod rules;
mod secret;
mod settings;
mod shown;
#[cfg(test)]
mod tests;

pub use error::SettingsError;
pub use load::environment;
pub use names::Deprecated;
pub use reference::reference_markdown;
pub use rules::{WEBHOOK_EVENTS, network};
pub use secret::Secret;
pub use settings::{
    ActorsSettings, AdminSettings, AnswererChoice, AnswersSettings, ArchiveSettings, CacheBudget,
    CacheSettings, CatalogSettings, ChaosSettings, ConversationsSettings, DeskSettings,
    EncoderSettings, GiveUpChoice, HoursSettings, IdentitySettings, Isolate, LlmSettings,
    LogFormat, LogLevel, LogSettings, ManualsSettings, OcrChoice, OcrSettings,
    OfflineMessagesSettings, OpenIdSettings, PodsSettings, PoolerChoice, RedisSettings,
    SecondLayerSettings, ServerSettings, SessionsSettings, Settings, TlsSettings, TracesSettings,
    UploadsSettings, VisitorsSettings, WebhookEndpoint, WebhooksSettings,
};
