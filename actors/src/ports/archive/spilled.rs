//! Records that stopping pods could not write.

use std::sync::Arc;

use futures::future::BoxFuture;
use hsc_conversation::archive::StampedRecord;

/// Gives the records of earlier stops to the writer, which writes them before newer ones.
pub trait SpilledRecords: Send + Sync + 'static {
    /// The next records in order, at most so many, and the same ones until they are settled; empty if there are none
    /// that no other pod writes.
    fn next(&self, limit: usize) -> BoxFuture<'_, Vec<Arc<StampedRecord>>>;

    /// The archive has the records that [`Self::next`] gave, or will never take them.
    fn settle(&self);
}
