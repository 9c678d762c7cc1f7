//! hsc-actors
