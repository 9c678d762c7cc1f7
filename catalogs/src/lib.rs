//! hsc-catalogs
