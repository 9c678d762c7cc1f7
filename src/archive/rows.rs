//! Reads the columns of a row as typed values.

use hsc_conversation::archive::{AgentRef, Visitor};
use sqlx::any::AnyRow;
use sqlx::{Error, Row as _};

/// A number that is never negative.
pub(super) fn number(row: &AnyRow, column: &str) -> Result<u64, Error> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

/// A number that may be `NULL`.
pub(super) fn maybe_number(row: &AnyRow, column: &str) -> Result<Option<u64>, Error> {
    let number: Option<i64> = row.try_get(column)?;
    Ok(number.map(|number| u64::try_from(number).unwrap_or(0)))
}

pub(super) fn text(row: &AnyRow, column: &str) -> Result<String, Error> {
    row.try_get(column)
}

/// A text that may be `NULL`.
pub(super) fn maybe(row: &AnyRow, column: &str) -> Result<Option<String>, Error> {
    row.try_get(column)
}

pub(super) fn truth(row: &AnyRow, column: &str) -> Result<bool, Error> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// The variant with this name in the database.
pub(super) fn word<T: Copy>(
    row: &AnyRow,
    column: &str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, Error> {
    let found = text(row, column)?;
    all.iter().copied().find(|it| as_str(*it) == found).ok_or_else(|| Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("no word of this list: {found:?}").into(),
    })
}

/// The same for a column that may be `NULL`.
pub(super) fn maybe_word<T: Copy>(
    row: &AnyRow,
    column: &str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Error> {
    match maybe(row, column)? {
        Some(_) => word(row, column, all, as_str).map(Some),
        None => Ok(None),
    }
}

/// A member of the team, from two columns.
pub(super) fn agent(row: &AnyRow, id: &str, name: &str) -> Result<Option<AgentRef>, Error> {
    let (id, name) = (maybe(row, id)?, maybe(row, name)?);
    Ok(id.map(|id| AgentRef { id, name: name.unwrap_or_default() }))
}

/// A visitor, from three columns.
pub(super) fn visitor(row: &AnyRow) -> Result<Option<Visitor>, Error> {
    let (name, address) = (maybe(row, "visitor_name")?, maybe(row, "visitor_address")?);
    Ok(maybe(row, "subject")?.map(|subject| Visitor { subject, name, address }))
}
