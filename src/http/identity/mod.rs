//! Signing in over HTTP, and the guards of every route that is not public.
//!
//! A route that takes [`Admin`] or `Agent` is protected: the guard runs before the handler. The session is in a
//! cookie that scripts cannot read; a change must also send the session's CSRF token in a header, and come from one
//! of our own pages.

mod cookie;
mod first;
mod guard;
mod openid;
mod sign_in;

pub(super) use first::*;
pub(super) use guard::{Admin, Agent, admits_page, api_error, is_admin, still_in};
pub(super) use openid::*;
pub(super) use sign_in::*;
