//! The pod's memory for pictures of questions.
//!
//! A picture waits with its question, in the conversation's queue and in the answer queue of the pod. All pictures of
//! a pod share a budget; one client address has a part of it, checked first, so that one client does not use up
//! everyone's. A picture without room is refused at once, in contrast to an unfinished message ([`crate::socket`]),
//! which evicts another: a queued question keeps what was accepted.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hsc_monitoring::Metrics;

use crate::mutex::Mutex;
use hsc_conversation::ClientKey;

/// The budget of a pod. Shared by all of its threads.
pub(crate) struct ImageBudget {
    max_bytes: usize,
    /// The bound of one client address; 0 is unlimited.
    max_bytes_of_client: usize,
    held: Mutex<ImageUse>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct ImageUse {
    bytes: usize,
    of_client: HashMap<ClientKey, usize>,
}

/// The part of the budget that one picture holds; returned on drop.
pub(crate) struct ImageShare {
    bytes: usize,
    client: ClientKey,
    budget: Arc<ImageBudget>,
}

impl ImageBudget {
    pub(crate) fn new(
        max_bytes: usize,
        max_bytes_of_client: usize,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self { max_bytes, max_bytes_of_client, held: Mutex::default(), metrics })
    }

    /// Takes the share of a picture with this many decoded bytes, for this client. None without room; the
    /// refusal is counted.
    pub(crate) fn take(self: &Arc<Self>, decoded: usize, client: ClientKey) -> Option<ImageShare> {
        let bytes = weight(decoded);
        let mut held = self.held.lock();
        let of_client = held.of_client.get(&client).copied().unwrap_or_default() + bytes;
        let most = self.max_bytes_of_client;
        if most > 0 && of_client > most {
            self.metrics.answers.image_refused("client");
            return None;
        }
        if held.bytes + bytes > self.max_bytes {
            self.metrics.answers.image_refused("pod");
            return None;
        }
        held.bytes += bytes;
        held.of_client.insert(client, of_client);
        self.metrics.answers.images_held(held.bytes);
        Some(ImageShare { bytes, client, budget: Arc::clone(self) })
    }
}

/// Bytes that a picture takes: itself while it waits and is answered, and its base64 in the request to the language
/// model. Both are taken at once, so that a running answer cannot lack room.
fn weight(decoded: usize) -> usize {
    decoded + decoded.div_ceil(3) * 4
}

impl Drop for ImageShare {
    fn drop(&mut self) {
        let mut held = self.budget.held.lock();
        held.bytes -= self.bytes;
        if let Some(of_client) = held.of_client.get_mut(&self.client) {
            *of_client -= self.bytes;
            if *of_client == 0 {
                held.of_client.remove(&self.client);
            }
        }
        self.budget.metrics.answers.images_held(held.bytes);
    }
}

impl fmt::Debug for ImageShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageShare({} bytes)", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsc_conversation::ClientAddress;
    use hsc_conversation::protocol::Image;

    fn client(last: u8) -> ClientKey {
        ClientAddress::new([10, 0, 0, last].into()).key()
    }

    fn image(decoded: usize) -> Image {
        Image::held("image/png", vec![0; decoded])
    }

    fn says(metrics: &Metrics, line: &str) -> bool {
        metrics.render().lines().any(|it| it == line)
    }

    #[test]
    fn one_client_gets_its_share_of_the_budget_and_all_clients_the_whole() {
        let metrics = Metrics::new();
        // 30 bytes take 70.
        let budget = ImageBudget::new(280, 140, Arc::clone(&metrics));
        let take = |last| image(30).within(|bytes| budget.take(bytes, client(last)));
        let mut held = vec![take(1), take(1)];
        assert_eq!(take(1), Image::NoRoom, "a client has half of it");
        held.extend([take(2), take(3)]);
        assert!(held.iter().all(|image| image.file().is_some()));
        assert_eq!(take(4), Image::NoRoom, "all of it is held");
        assert!(says(&metrics, "hsc_question_image_bytes 280"));
        assert!(says(&metrics, "hsc_question_images_refused_total{scope=\"client\"} 1"));
        assert!(says(&metrics, "hsc_question_images_refused_total{scope=\"pod\"} 1"));
        held.remove(0);
        assert!(take(1).file().is_some());
    }

    #[test]
    fn the_last_copy_of_an_image_releases_its_bytes() {
        let metrics = Metrics::new();
        let budget = ImageBudget::new(70, 0, Arc::clone(&metrics));
        let first = image(30).within(|bytes| budget.take(bytes, client(1)));
        let copy = first.clone();
        drop(first);
        assert_eq!(image(1).within(|bytes| budget.take(bytes, client(2))), Image::NoRoom);
        drop(copy);
        assert!(says(&metrics, "hsc_question_image_bytes 0"));
        assert!(
            budget.held.lock().of_client.is_empty(),
            "a client that holds nothing costs nothing"
        );
        assert!(image(30).within(|bytes| budget.take(bytes, client(2))).file().is_some());
    }
}
