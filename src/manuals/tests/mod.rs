//! The loader against faulty hosts.

mod fetching;
mod host;
