//! `/admin/…` further: what an admin sees of a running pod, and what of it can be changed from the page.
//!
//! Each route asks the part that knows, through a handle or a port of [`Dependencies`](super::Dependencies). All are for
//! admins ([`Admin`](super::identity::Admin)); what changes something goes into the audit.

mod catalog;
mod manuals;
mod page;
mod series;
mod sessions;
mod settings;
mod webhooks;

pub(crate) use catalog::*;
pub(crate) use manuals::*;
pub(crate) use series::*;
pub(crate) use sessions::*;
pub(crate) use settings::*;
pub(crate) use webhooks::*;
