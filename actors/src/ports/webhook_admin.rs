//! The webhook endpoints of the settings, for the routes that administer them.

/// Reports on the endpoints and sends them test events.
pub trait WebhookAdmin: Send + Sync + 'static {
    /// The endpoints in the order of the settings, with the counters of this pod.
    fn endpoints(&self) -> Vec<EndpointCounters>;

    /// Sends a `test` event to the endpoint with this address, or to all, whatever events they subscribe to. Returns
    /// the ids of the deliveries.
    fn test(&self, url: Option<&str>) -> Vec<String>;
}

/// An endpoint, and this pod's deliveries to it since its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCounters {
    /// Its address.
    pub url: String,
    /// Its events; `all` is every event.
    pub events: Vec<String>,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
}
