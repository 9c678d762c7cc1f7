//! Statements, the values that they bind, and the columns that are read.

use std::str::FromStr;

use hsc_actors::ports::archive::{Page, Paged, Period};
use hsc_conversation::archive::{AgentRef, Visitor};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Error, Result, Row as _, SqlSafeStr};

/// A statement with its values.
pub(super) type AnyQuery = Query<'static, Any, AnyArguments>;

/// A statement and the values of its placeholders, in order.
pub(super) fn sql(text: impl SqlSafeStr, values: &[&dyn ToValue]) -> AnyQuery {
    values.iter().fold(sqlx::query(text), |query, value| value.to_value().bind(query))
}

/// A value that a statement binds. It has the type of its column also when it is missing.
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl Value {
    fn bind(self, query: AnyQuery) -> AnyQuery {
        match self {
            Self::Text(text) => query.bind(text),
            Self::Number(number) => query.bind(number),
        }
    }
}

/// What a statement can bind. Text loses its NULs, and numbers become those of the databases.
pub(super) trait ToValue: Sync {
    fn to_value(&self) -> Value;
}

impl ToValue for &str {
    fn to_value(&self) -> Value {
        Value::Text(Some(clean(self)))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(Some(clean(self)))
    }
}

impl ToValue for Option<&str> {
    fn to_value(&self) -> Value {
        Value::Text(self.map(clean))
    }
}

impl ToValue for Option<String> {
    fn to_value(&self) -> Value {
        self.as_deref().to_value()
    }
}

impl ToValue for Option<i64> {
    fn to_value(&self) -> Value {
        Value::Number(*self)
    }
}

impl ToValue for Option<u64> {
    fn to_value(&self) -> Value {
        Value::Number(self.map(signed))
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value {
        Value::Number(Some(*self))
    }
}

impl ToValue for u64 {
    fn to_value(&self) -> Value {
        Value::Number(Some(signed(*self)))
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value {
        Value::Number(Some(i64::from(*self)))
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value {
        Value::Number(Some(i64::from(*self)))
    }
}

/// A statement to which conditions are added: its text consists of constants, values are always bound.
pub(super) struct Statement {
    text: String,
    values: Vec<Value>,
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
    pub(super) fn bind(&mut self, value: impl ToValue) -> &mut Self {
        self.values.push(value.to_value());
        // Both databases support numbered placeholders.
        self.text.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Only rows with this value in the column.
    pub(super) fn equals(&mut self, column: &'static str, value: Option<impl ToValue>) {
        if let Some(value) = value {
            self.and(" AND ").and(column).and(" = ").bind(value);
        }
    }

    /// Only rows whose time is in the period.
    pub(super) fn within(&mut self, column: &'static str, period: Option<Period>) {
        if let Some(Period { from_ms, to_ms }) = period {
            self.and(" AND ").and(column).and(" >= ").bind(from_ms);
            self.and(" AND ").and(column).and(" < ").bind(to_ms);
        }
    }

    /// Only the rows of a page, newest first, ordered by these columns. An invalid cursor starts at the beginning.
    pub(super) fn page(&mut self, page: &Page, at: &'static str, id: &'static str) {
        let mark = page.after.as_deref().and_then(|mark| mark.split_once(':'));
        let mark = mark.and_then(|(at_ms, id)| Some((at_ms.parse::<u64>().ok()?, id)));
        if let Some((at_ms, last)) = mark {
            self.and(" AND (").and(at).and(", ").and(id).and(") < (");
            self.bind(at_ms).and(", ").bind(last).and(")");
        }
        self.and(" ORDER BY ").and(at).and(" DESC, ").and(id).and(" DESC LIMIT ");
        self.bind(page_rows(page));
    }

    /// The statement with its values.
    pub(super) fn query(self) -> AnyQuery {
        // The text consists of constants of this program and of placeholder numbers.
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.values.into_iter().fold(query, |query, value| value.bind(query))
    }
}

/// Text that both databases accept: PostgreSQL refuses NUL.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

/// The signed number of the databases; larger values saturate.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A page of a list from its rows; `at` is the column of their time.
pub(super) fn paged<T>(
    rows: &[AnyRow],
    page: &Page,
    at: &str,
    read: fn(&AnyRow) -> Result<T>,
) -> Result<Paged<T>> {
    let most = usize::try_from(page_rows(page) - 1).unwrap_or(usize::MAX);
    let (shown, rest) = rows.split_at(most.min(rows.len()));
    let next = match shown.last() {
        Some(last) if !rest.is_empty() => {
            let id: String = last.try_get("id")?;
            Some(format!("{}:{id}", number(last, at)?))
        }
        _ => None,
    };
    Ok(Paged { items: shown.iter().map(read).collect::<Result<_, _>>()?, next })
}

/// One more than the page size: the extra row shows that there is a next page.
fn page_rows(page: &Page) -> u64 {
    u64::from(page.limit.clamp(1, Page::MOST)) + 1
}

/// A number that is never negative.
pub(super) fn number(row: &AnyRow, column: &str) -> Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

/// A number that may be `NULL`.
pub(super) fn maybe_number(row: &AnyRow, column: &str) -> Result<Option<u64>> {
    let number: Option<i64> = row.try_get(column)?;
    Ok(number.map(|number| u64::try_from(number).unwrap_or(0)))
}

pub(super) fn truth(row: &AnyRow, column: &str) -> Result<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// The variant with this name in the database.
pub(super) fn word<T: FromStr>(row: &AnyRow, column: &str) -> Result<T> {
    let found: String = row.try_get(column)?;
    found.parse().map_err(|_| Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("no word of this list: {found:?}").into(),
    })
}

/// The same for a column that may be `NULL`.
pub(super) fn maybe_word<T: FromStr>(row: &AnyRow, column: &str) -> Result<Option<T>> {
    let found: Option<String> = row.try_get(column)?;
    found.map(|_| word(row, column)).transpose()
}

/// A member of the team, from two columns.
pub(super) fn agent(row: &AnyRow, id: &str, name: &str) -> Result<Option<AgentRef>> {
    let (id, name): (Option<String>, Option<String>) = (row.try_get(id)?, row.try_get(name)?);
    Ok(id.map(|id| AgentRef { id, name: name.unwrap_or_default() }))
}

/// A visitor, from three columns.
pub(super) fn visitor(row: &AnyRow) -> Result<Option<Visitor>> {
    let (name, address) = (row.try_get("visitor_name")?, row.try_get("visitor_address")?);
    let subject: Option<String> = row.try_get("subject")?;
    Ok(subject.map(|subject| Visitor { subject, name, address }))
}
