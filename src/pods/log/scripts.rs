//! The scripts. Redis keeps them by their hash; one that has lost them is given them again.

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
    /// Begins a conversation, or begins it again.
    BEGIN = "begin.lua";
    /// Appends and publishes.
    APPEND = "append.lua";
    /// Reads what is kept.
    READ = "read.lua";
    /// Gives a conversation to another owner.
    TAKE_OVER = "take_over.lua";
}
