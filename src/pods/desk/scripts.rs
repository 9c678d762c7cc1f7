//! The scripts. Redis caches them by their hash; a Redis that has lost them gets them again.

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
    /// A visitor requests an agent.
    REQUEST = "request.lua";
    /// A visitor no longer requests an agent.
    END = "end.lua";
    /// An agent takes a conversation.
    TAKE = "take.lua";
    /// An agent releases a conversation.
    RELEASE = "release.lua";
    /// Sets the last message.
    TOUCH = "touch.lua";
    /// Sets the details of a visitor.
    DESCRIBE = "describe.lua";
    /// Refreshes the presence of connected visitors.
    VISITORS = "visitors.lua";
    /// A visitor has disconnected.
    DISCONNECT = "disconnect.lua";
    /// Finds how a conversation left the desk.
    FIND = "find.lua";
    /// Positions in the queue.
    PLACES = "places.lua";
    /// The whole desk.
    SNAPSHOT = "snapshot.lua";
    /// An agent is present, or has closed a connection.
    AGENT = "agent.lua";
    /// Applies timeouts.
    EXPIRE = "expire.lua";
}
