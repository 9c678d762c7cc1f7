//! More of `/admin/…`: the state of a running pod, and the changes that an admin can make from the page.
//!
//! Each route calls a handle or a port of [`Dependencies`](super::Dependencies). All are for admins
//! ([`Admin`](super::identity::Admin)); every change is audited.

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
