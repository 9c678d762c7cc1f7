//! Maps errors of the archive and of passwords to identity errors.

use hsc_actors::ports::IdentityError;
use hsc_actors::ports::archive::{AccountError, ArchiveError};

use super::password::{NoHash, Weak};

pub(super) fn down(cause: ArchiveError) -> IdentityError {
    IdentityError::Down { cause: cause.into() }
}

pub(super) fn no_hash(cause: NoHash) -> IdentityError {
    IdentityError::Down { cause: cause.into() }
}

pub(super) fn weak(why: Weak) -> IdentityError {
    IdentityError::Weak(why.to_string())
}

pub(super) fn unfit(why: impl std::fmt::Display) -> IdentityError {
    IdentityError::Unfit(why.to_string())
}

pub(super) fn refused(error: AccountError) -> IdentityError {
    match error {
        AccountError::Archive(cause) => down(cause),
        AccountError::Unknown => IdentityError::Wrong,
        other => unfit(other),
    }
}
