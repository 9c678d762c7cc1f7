//! A statement that is put together: its text consists of constants, values are always bound.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// A statement to which conditions are added.
pub(super) struct Statement {
    text: String,
    values: Vec<Value>,
}

/// A value to be bound.
pub(super) enum Value {
    Text(String),
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

    pub(super) fn and(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder and binds the value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        // Both databases support numbered placeholders.
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// The statement with its values.
    pub(super) fn query(self) -> Query<'static, Any, AnyArguments> {
        // The text consists of constants of this program and of placeholder numbers.
        self.values.into_iter().fold(sqlx::query(AssertSqlSafe(self.text)), |query, value| {
            match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            }
        })
    }
}

/// Text that both databases accept: PostgreSQL refuses NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

/// The same for an optional text.
pub(super) fn cleaned(text: Option<&str>) -> Option<String> {
    text.map(clean)
}

/// The signed number of the databases; larger values saturate.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
