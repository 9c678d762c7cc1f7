//! What can be wrong with a catalog, told so that it can be mended.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether something was left out because of it.
    pub severity: Severity,
    /// Name of the file.
    pub file: String,
    /// The product, where it is one's and could be told.
    pub product_id: Option<String>,
    /// The field, e.g. `relationships[2].target_id`.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A file or a product was left out.
    Error,
    /// A part of a product was left out, or looks wrong.
    Warning,
}

impl Problem {
    /// True for what left a whole file out.
    #[must_use]
    pub fn is_of_the_file(&self) -> bool {
        self.severity == Severity::Error && self.product_id.is_none() && self.field.is_none()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(product) = &self.product_id {
            write!(f, ": product '{product}'")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.reason)
    }
}
