//! The scripts. Redis caches them by their hash; a Redis that has lost them gets them again.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$meta])*
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("meta.lua"), include_str!($file))));
    )*};
}

scripts! {
    /// Creates a conversation, or creates it again.
    BEGIN = "begin.lua";
    /// Appends and publishes.
    APPEND = "append.lua";
    /// Reads the stored entries.
    READ = "read.lua";
    /// Gives a conversation to another owner.
    TAKE_OVER = "take_over.lua";
}
