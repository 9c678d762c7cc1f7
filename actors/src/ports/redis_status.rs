//! The state of the connection to Redis, for `/health` and `/ready`.

/// Reports the state of the connection to Redis.
pub trait RedisStatus: Send + Sync + 'static {
    /// True while Redis answers.
    fn is_up(&self) -> bool;

    /// Why Redis refuses the login of this pod; `None` while it accepts it or cannot be reached.
    fn refuses_login(&self) -> Option<&'static str>;

    /// Why Redis takes no writes although it answers; `None` while it takes them.
    fn refuses_writes(&self) -> Option<&'static str>;
}
