//! The relay of a single pod, and of several pods in one process: a published message is delivered to
//! every open relay.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;

use crate::mutex::Mutex;
use crate::ports::{Relay, Relayed};
use hsc_conversation::BoxError;

/// Messages that may be queued for a reader; a reader that is further behind loses its connection, as it
/// would with Redis.
const WAITING: usize = 4_096;

/// Carries messages within this process. Cheap to clone; clones belong to the same pod.
#[derive(Clone, Default)]
pub struct Loopback {
    port: Arc<Mutex<Port>>,
    bus: InMemoryBus,
}

/// Shared by several loopbacks: the pods of a test.
#[derive(Clone, Default)]
pub struct InMemoryBus {
    ports: Arc<Mutex<Vec<Arc<Mutex<Port>>>>>,
}

#[derive(Default)]
struct Port {
    subscribed: HashSet<String>,
    reader: Option<mpsc::Sender<Relayed>>,
}

impl Loopback {
    /// The relay of a single pod.
    pub fn new() -> Self {
        Self::over(&InMemoryBus::default())
    }

    /// The relay of one of the pods that share this bus.
    pub fn over(bus: &InMemoryBus) -> Self {
        let port = Arc::new(Mutex::new(Port::default()));
        bus.ports.lock().push(Arc::clone(&port));
        Self { port, bus: bus.clone() }
    }
}

impl Relay for Loopback {
    fn open(&self) -> BoxStream<'static, Relayed> {
        let (reader, read) = mpsc::channel(WAITING);
        reader.try_send(Relayed::Up).expect("it is empty");
        // Dropping the old reader's sender ends its stream.
        self.port.lock().reader = Some(reader);
        stream::unfold(read, |mut read| async { Some((read.recv().await?, read)) }).boxed()
    }

    fn change_subscriptions(&self, these: Vec<String>, not_those: Vec<String>) {
        let mut port = self.port.lock();
        for channel in not_those {
            port.subscribed.remove(&channel);
        }
        port.subscribed.extend(these.iter().cloned());
        if !these.is_empty() {
            port.tell(Relayed::Listening { channels: these });
        }
    }

    fn publish(&self, channel: String, payload: Bytes) -> BoxFuture<'static, Result<(), BoxError>> {
        // At once and not when first awaited, and under the lock: one order for all.
        for port in &*self.bus.ports.lock() {
            let mut port = port.lock();
            if port.subscribed.contains(&channel) {
                let (channel, payload) = (channel.clone(), payload.clone());
                port.tell(Relayed::Message { channel, payload });
            }
        }
        futures::future::ready(Ok(())).boxed()
    }
}

impl Port {
    fn tell(&mut self, news: Relayed) {
        if let Some(reader) = &self.reader
            && reader.try_send(news).is_err()
        {
            self.reader = None;
        }
    }
}
