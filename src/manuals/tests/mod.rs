//! The room against the world: hosts that misbehave and bytes that mean harm.

mod faults;
mod fetching;
mod host;
mod hostile;
mod pages;
mod pdfs;
mod scans;
