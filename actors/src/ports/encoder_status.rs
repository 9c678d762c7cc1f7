//! The state of the sentence encoder, for `/health` and the page of manuals.

use serde::Serialize;
use utoipa::ToSchema;

/// Reports the state of the sentence encoder.
pub trait EncoderStatus: Send + Sync + 'static {
    /// The state now.
    fn health(&self) -> EncoderHealth;

    /// Why the model cannot be used, if it is damaged.
    fn damage(&self) -> Option<String>;

    /// How many windows of the manual read from `location` are embedded, and of how many; `None` if no question
    /// asked for its vectors since the start.
    fn progress(&self, location: &str) -> Option<(usize, usize)>;
}

/// The state of the sentence encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EncoderHealth {
    /// `ready`, `missing` (there is no model: words alone), `damaged` (the model cannot be used: words alone) or
    /// `disabled`.
    pub state: &'static str,
    /// The models that are loaded.
    pub models: Vec<String>,
    /// Manuals that wait to be embedded or are being embedded.
    pub waiting: usize,
}
