//! Problems of a catalog, with enough detail to fix them.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether something was left out because of it.
    pub severity: Severity,
    /// Name of the file.
    pub file: String,
    /// The product, if the problem belongs to one with a known id.
    pub product_id: Option<String>,
    /// The field, e.g. `relationships[2].target_id`.
    pub field: Option<String>,
    /// The problem, and what would be valid.
    pub reason: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// A file or a product was left out.
    Error,
    /// A part of a product was left out, or is suspicious.
    Warning,
}

impl Problem {
    /// A problem of a file, or of one of its fields.
    pub(super) fn of_file(
        severity: Severity,
        file: &str,
        field: Option<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self { severity, file: file.to_owned(), product_id: None, field, reason: reason.into() }
    }

    /// A problem of a field of a product.
    pub(super) fn of_product(
        severity: Severity,
        file: &str,
        product_id: &str,
        field: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        let product_id = Some(product_id.to_owned());
        let (field, reason) = (Some(field.into()), reason.into());
        Self { severity, file: file.to_owned(), product_id, field, reason }
    }

    /// True for a problem that left a whole file out.
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
