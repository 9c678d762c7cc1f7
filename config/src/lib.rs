//! hsc-config
