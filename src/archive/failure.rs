//! Maps database errors to errors of the archive.

use hsc_actors::ports::archive::ArchiveError;
use sqlx::Error;
use sqlx::error::ErrorKind;

use super::schema::{IncompatibleSchema, SchemaError};

/// `Unavailable`, unless the database can never accept this value or excludes this server.
pub(super) fn of(error: Error) -> ArchiveError {
    match error {
        Error::Configuration(cause) if cause.is::<IncompatibleSchema>() => {
            ArchiveError::excluded(cause)
        }
        error if is_final(&error) => ArchiveError::refused(error),
        error => ArchiveError::unavailable(error),
    }
}

/// The error of a statement that is not executed, because the tables exclude this server.
pub(super) fn excluded(found: IncompatibleSchema) -> Error {
    Error::Configuration(found.into())
}

/// Why the tables could not be prepared.
pub(super) fn of_schema(error: SchemaError) -> ArchiveError {
    match error {
        SchemaError::Incompatible(found) => ArchiveError::excluded(found),
        other => ArchiveError::unavailable(other),
    }
}

fn is_final(error: &Error) -> bool {
    match error {
        Error::Database(error) => match error.kind() {
            ErrorKind::Other => error.code().is_some_and(|code| {
                // PostgreSQL: data exceptions. SQLite: too big, wrong type.
                code.starts_with("22") && code.len() == 5 || matches!(&*code, "18" | "20")
            }),
            // Any violated constraint.
            _ => true,
        },
        Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } => true,
        _ => false,
    }
}

/// True for a violated unique constraint.
pub(super) fn is_taken(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}
