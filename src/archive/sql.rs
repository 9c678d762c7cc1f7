//! A statement that is put together: pieces of its text are ours, values are always bound.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// A statement that grows by conditions.
pub(super) struct Statement {
    text: String,
    values: Vec<Value>,
}

/// A value to be bound.
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(clean(text))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(signed(number))
    }
}

impl Statement {
    /// Begins with this text.
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// More text.
    pub(super) fn and(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A value in this place.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Both databases know numbered places.
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// The statement with its values.
    pub(super) fn query(self) -> Query<'static, Any, AnyArguments> {
        // The text consists of pieces that stand in this program and of the numbers of places.
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(self.text)), |query, value| {
            match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            }
        })
    }
}

/// Text that both databases take: PostgreSQL knows no NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

/// The same of a text that may be missing.
pub(super) fn cleaned(text: Option<&str>) -> Option<String> {
    text.map(clean)
}

/// A number as the databases know numbers. What is past their end is their end.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
