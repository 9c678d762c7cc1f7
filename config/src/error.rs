//! Why the settings cannot be used.

/// Why the settings cannot be used. One line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file of `--config` cannot be read.
    #[error("{path}: cannot read the settings: {reason}")]
    Unreadable {
        /// Path of the settings file.
        path: String,
        /// The error of the system.
        reason: String,
    },
    /// The file of `--config` is not TOML.
    #[error("{path}: not TOML: {reason}")]
    NotToml {
        /// Path of the settings file.
        path: String,
        /// Line, column and error. Never the line itself: it may hold a key.
        reason: String,
    },
    /// The file that holds a secret cannot be used.
    #[error("{key} = {path:?}: cannot read the secret: {reason}")]
    SecretFile {
        /// Dotted key, as `admin.token_file`.
        key: String,
        /// Path of the file.
        path: String,
        /// The error of the system.
        reason: String,
    },
    /// The setting does not exist.
    #[error("{key} (from {source_name}): there is no such setting{hint}")]
    Unknown {
        /// Dotted key, as `server.port`.
        key: String,
        /// File or variable.
        source_name: String,
        /// `; did you mean server.port?`, or a reference to the list of settings.
        hint: String,
    },
    /// The value is invalid.
    #[error("{key} = {value} (from {source_name}): expected {expected}")]
    Wrong {
        /// Dotted key, as `server.port`.
        key: String,
        /// The value as it was given; stars for a secret.
        value: String,
        /// `the defaults`, a file or a variable.
        source_name: String,
        /// Description of valid values.
        expected: String,
    },
}
