//! `/admin/…`: the state of a running pod, and the changes that an admin can make from the page.
//!
//! Each route calls a handle or a port of [`Dependencies`](super::Dependencies). All are for signed-in admins and for
//! programs with `admin.token` ([`Admin`](super::guard::Admin)); every change is audited.

mod catalog;
mod manuals;
mod pod;
mod webhooks;

pub(crate) use catalog::*;
pub(crate) use manuals::*;
pub(crate) use pod::*;
pub(crate) use webhooks::*;
