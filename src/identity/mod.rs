//! Authentication: members of the team by account, password or provider, and visitors by a signed token.
//!
//! [`Team`] signs members in and verifies their sessions; [`SignedVisitorTokens`] verifies the tokens of
//! embedding sites. Accounts and sessions are in the archive; cookies are the
//! business of the routes. Attempts are limited here.
//!
//! Never: a secret or a password in a log, an error or the archive; a response that reveals
//! whether an account exists; a session that existed before the sign-in.

mod accounts;
mod attempts;
mod openid;
mod openid_provider;
mod password;
mod secret;
mod signature;
mod team;
mod visitor_token;

pub use openid_provider::NoProvider;
pub use team::Team;
pub use visitor_token::{InvalidKey, SignedVisitorTokens, VisitorKeys};
