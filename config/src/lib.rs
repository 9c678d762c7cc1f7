//! What may be set, where it comes from, and what is said when it is wrong.
//!
//! [`Settings::load`] puts `default.toml`, the file of `--config` and the environment together into
//! one typed tree. This crate reads; it knows no actor, no socket and no log.

mod load;
mod network;
pub mod origin;
mod reference;
mod renamed;
mod rules;
mod secret;
mod settings;
mod shown;
mod suggestion;
#[cfg(test)]
mod tests;

pub use load::{SettingsError, environment};
pub use network::network;
pub use reference::reference_markdown;
pub use renamed::Deprecated;
pub use secret::Secret;
pub use settings::{
    ActorsSettings, AdminSettings, AnswererChoice, AnswersSettings, ArchiveSettings, CacheBudget,
    CacheSettings, CatalogSettings, ChaosSettings, ConversationsSettings, DeskSettings,
    EncoderSettings, GiveUpChoice, HoursSettings, IdentitySettings, Isolate, LlmSettings,
    LogFormat, LogLevel, LogSettings, ManualsSettings, OcrChoice, OcrSettings,
    OfflineMessagesSettings, OpenIdSettings, PodsSettings, RedisSettings, SecondLayerSettings,
    ServerSettings, SessionsSettings, Settings, TlsSettings, UploadsSettings, VisitorsSettings,
    WEBHOOK_EVENTS, WebhookEndpoint, WebhooksSettings,
};
