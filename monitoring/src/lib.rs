//! hsc-monitoring
