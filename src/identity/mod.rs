//! Who may do what: people of the team by account, password or provider, and visitors by a signed token.
//!
//! [`Team`] signs people in and knows their sessions again; [`SignedVisitorTokens`] knows the visitors for whom the
//! embedding site has signed. Accounts and sessions lie in the archive; what a browser shows of it is the
//! business of the routes. How much may be tried is counted here, in memory.
//!
//! What must never be: a secret or a password in a log, an error or the archive; an answer that tells
//! whether there is an account; a session that was there before somebody signed in.

mod account_creation;
mod attempts;
mod first_admin;
mod first_link;
mod openid;
mod password;
mod refusal;
mod secret;
mod signature;
mod staff;
mod team;
mod visitor_token;

pub use openid::NoProvider;
pub use password::{FEWEST, MOST, Weak, judge};
pub use team::Team;
pub use visitor_token::{InvalidKey, SignedVisitorTokens};
