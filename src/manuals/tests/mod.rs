//! The loader against hosts that misbehave.

mod fetching;
mod host;
