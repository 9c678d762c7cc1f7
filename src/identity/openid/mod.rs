//! OpenID Connect: members of the team sign in at a provider, which sends their groups.
//!
//! The authorization code flow with PKCE, a state and a nonce. [`provider`] fetches the provider's addresses
//! and keys, [`token`] validates ID tokens, [`flow`] runs the redirects. The state between the two redirects
//! is in a cookie of the browser, so that any pod can complete the flow.

mod flow;
mod provider;
mod token;

pub use provider::NoProvider;
pub(super) use provider::Provider;
