//! The state of the connection to Redis, for `/health` and `/ready`.

/// Reports the state of the connection to Redis.
pub trait RedisStatus: Send + Sync + 'static {
    /// True while Redis answers.
    fn is_up(&self) -> bool;

    /// Why Redis takes no writes although it answers; `None` while it takes them.
    fn refuses_writes(&self) -> Option<&'static str>;
}
