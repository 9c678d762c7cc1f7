//! OpenID Connect: people of the team sign in at a provider, who says which groups they are in.
//!
//! The authorization code flow with PKCE, a state and a nonce. [`provider`] knows the provider's addresses
//! and keys, [`token`] checks what it signed, [`flow`] goes there and comes back. What is kept between the
//! two lies in a cookie of the browser that went, so that any pod can take it back.

mod flow;
mod provider;
mod token;

pub use provider::NoProvider;
pub(super) use provider::Provider;
