//! Signing in over HTTP, and the guards of every route that is not for everybody.
//!
//! A route that takes [`Admin`] or `Agent` is reached by nobody else: the guard runs before it does.
//! A session lies in a cookie that no script can read; what changes something has to bring the session's
//! token in a header as well, and to come from a page of ours.

mod cookie;
mod first;
mod guard;
mod openid;
mod sign_in;

pub(super) use first::*;
pub(super) use guard::{Admin, Agent, admits_page, is_admin, still_in, trouble};
pub(super) use openid::*;
pub(super) use sign_in::*;
