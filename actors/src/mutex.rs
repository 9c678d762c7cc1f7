//! A mutex without poisoning: when an actor panics under the lock, its successor and all others go on.

use std::sync::{MutexGuard, PoisonError};

/// As [`std::sync::Mutex`]. What it protects is whole after each statement under the lock, so that a panic between two
/// of them leaves nothing half changed.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
