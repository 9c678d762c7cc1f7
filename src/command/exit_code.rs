//! Exit codes of `hsc` beside 0, 1 and 2.

/// The archive was written by a newer release and excludes this one.
pub(super) const ARCHIVE_IS_NEWER: u8 = 3;
