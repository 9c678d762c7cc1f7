//! The scripts. Redis keeps them by their hash; one that has lost them is given them again.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($(#[$meta:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$meta])*
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!(include_str!("base.lua"), include_str!($file))));
    )*};
}

scripts! {
    /// A visitor wants a person.
    WAIT = "wait.lua";
    /// A visitor wants no person any more.
    END = "end.lua";
    /// An agent takes a conversation.
    TAKE = "take.lua";
    /// An agent lets go of one.
    LET_GO = "let_go.lua";
    /// What was said last.
    TOUCH = "touch.lua";
    /// What is known of a visitor.
    DESCRIBE = "describe.lua";
    /// Visitors are connected.
    VISITORS = "visitors.lua";
    /// A visitor has gone.
    LEFT = "left.lua";
    /// What became of a conversation.
    FIND = "find.lua";
    /// Places in line.
    PLACES = "places.lua";
    /// Everything.
    LOOK = "look.lua";
    /// An agent is there, or has left a seat.
    AGENT = "agent.lua";
    /// What time has changed.
    TIDY = "tidy.lua";
}
