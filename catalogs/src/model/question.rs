//! The context of a question about a product: the language, the scenario, the previous turns, and suggested questions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a customer uses the product; the ranking may use it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Scenario {
    /// No special use.
    #[default]
    General,
    /// Recording in a studio.
    Studio,
    /// A performance on stage.
    Live,
}

impl Scenario {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A question and its answer, each truncated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The visitor's words.
    pub question: String,
    /// The answer; empty if there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
}

/// A suggested question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The text that is sent when a visitor selects it.
    pub text: String,
    /// The pages that should answer it, first and last.
    pub pages: (u32, u32),
}

/// The language of a locale, without its region; it is the name of the phrase files.
///
/// ```
/// assert_eq!(hsc_catalogs::language_of("he-IL"), "he");
/// ```
pub fn language_of(locale: &str) -> String {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    // Older systems call Hebrew `iw`.
    if language == "iw" { "he".to_owned() } else { language }
}
