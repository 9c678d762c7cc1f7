//! The command line of HSC-JIT.
fn main() {}
