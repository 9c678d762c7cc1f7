//! What a failure of the database means to whoever asked.

use hsc_actors::ports::archive::ArchiveError;
use sqlx::Error;
use sqlx::error::ErrorKind;

/// Unavailable, unless the database said that it will never take this.
pub(super) fn of(error: Error) -> ArchiveError {
    if is_final(&error) { ArchiveError::refused(error) } else { ArchiveError::unavailable(error) }
}

fn is_final(error: &Error) -> bool {
    match error {
        Error::Database(said) => match said.kind() {
            ErrorKind::Other => said.code().is_some_and(|code| {
                // PostgreSQL: data exceptions. SQLite: too big, wrong type.
                code.starts_with("22") && code.len() == 5 || matches!(&*code, "18" | "20")
            }),
            // A constraint, whichever.
            _ => true,
        },
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } => true,
        _ => false,
    }
}

/// True when a unique constraint refused it.
pub(super) fn is_taken(error: &Error) -> bool {
    error.as_database_error().is_some_and(|said| said.is_unique_violation())
}
