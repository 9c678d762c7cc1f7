//! Predictions for a keystroke, and the manual to load ahead.
//!
//! Plain state like the conversation it belongs to. A keystroke is answered from the cache of predictions or by a
//! search; when its best product is certain enough and typing pauses on it, its manual is loaded before the
//! question is finished.

use std::sync::Arc;

use hsc_catalogs::{Catalog, Product};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer::ManualRequest;
use crate::input::Effect;
use crate::protocol::{self, PredictionData, Understood};
use crate::search_results;

/// Predictions sent for empty typing (protocol, part 1).
const SAMPLE: usize = 50;
/// Predictions sent for typing (protocol, part 1).
const PREDICTIONS: usize = 10;

/// The typed text, and the form of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PredictionKey {
    /// The version of the catalog.
    pub version: Arc<str>,
    /// The text.
    pub typed: String,
    /// Lean entries instead of whole ones.
    pub compact: bool,
}

/// The result of a keystroke: JSON that is ready to send, and the likely manual.
#[derive(Debug, Serialize, Deserialize)]
pub struct Predicted {
    /// `data` of the `prediction` message.
    pub data: Arc<RawValue>,
    /// The manual to load ahead.
    pub likely: PrefetchHint,
}

/// What a keystroke tells about the manual that the visitor will need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrefetchHint {
    /// No text was typed.
    Nothing,
    /// This manual, or none that is certain enough.
    #[serde(rename = "Asked")]
    Manual(Option<ManualRequest>),
}

/// Predictions of earlier keystrokes, of any conversation.
pub trait PredictionCache: Send + Sync {
    /// The cached prediction; true when it expires soon and should be put again.
    fn get(&self, key: &PredictionKey) -> Option<(Arc<Predicted>, bool)>;

    /// Stores a prediction.
    fn put(&self, key: PredictionKey, predicted: Arc<Predicted>);
}

/// The predictions of one conversation.
pub(super) struct Prediction {
    /// Confidence (0 to 100) from which a manual is loaded ahead.
    sure: u8,
    /// Number of the last prediction.
    number: u64,
    likely: Option<(u64, ManualRequest)>,
    prefetched: Option<ManualRequest>,
    /// Predictions of earlier keystrokes; none if they are not cached.
    cache: Option<Arc<dyn PredictionCache>>,
}

impl Prediction {
    pub(super) fn new(sure: u8) -> Self {
        Self { sure, number: 0, likely: None, prefetched: None, cache: None }
    }

    /// Sets the cache of predictions.
    pub(super) fn set_cache(&mut self, cache: Arc<dyn PredictionCache>) {
        self.cache = Some(cache);
    }

    /// The predictions for the typed text, and the timer to start when a manual has become likely.
    pub(super) fn predict(
        &mut self,
        catalog: &Catalog,
        typed: &str,
        compact: bool,
    ) -> (PredictionData, Option<Effect>) {
        self.number += 1;
        let (data, likely) = self.look_up(catalog, typed, compact);
        let manual = match likely {
            PrefetchHint::Manual(manual) => manual,
            PrefetchHint::Nothing => None,
        };
        (data, self.expect(manual))
    }

    /// The meaning of a whole text, in the form of the wire.
    pub(super) fn understand(&self, catalog: &Catalog, text: &str, compact: bool) -> Understood {
        if text.trim().is_empty() {
            return Understood { data: Vec::new(), detected: None, corrected: None };
        }
        search_results::understood(catalog, catalog.understand(text, PREDICTIONS, None), compact)
    }

    /// Typing has paused since this prediction: the manual to load ahead, if it is still likely.
    pub(super) fn settled(&mut self, prediction: u64) -> Option<Effect> {
        let (_, manual) = self.likely.take_if(|(number, _)| *number == prediction)?;
        self.prefetched = Some(manual.clone());
        Some(Effect::Prefetch(manual))
    }

    /// Notes the manual that the visitor is likely to need.
    fn expect(&mut self, manual: Option<ManualRequest>) -> Option<Effect> {
        let Some(manual) = manual.filter(|manual| self.prefetched.as_ref() != Some(manual)) else {
            self.likely = None;
            return None;
        };
        // The same manual on the next keystroke counts as stable: the timer continues.
        if self.likely.as_ref().is_some_and(|(_, likely)| *likely == manual) {
            return None;
        }
        self.likely = Some((self.number, manual));
        Some(Effect::StartPrefetchTimer { prediction: self.number })
    }

    /// The cached result of an earlier keystroke, or a search whose result is then cached.
    fn look_up(
        &self,
        catalog: &Catalog,
        typed: &str,
        compact: bool,
    ) -> (PredictionData, PrefetchHint) {
        let Some(cache) = &self.cache else {
            let (made, likely) = self.search(catalog, typed, compact);
            return (PredictionData::Made(made), likely);
        };
        let key =
            PredictionKey { version: catalog.version().into(), typed: typed.to_owned(), compact };
        if let Some((predicted, due)) = cache.get(&key) {
            let found =
                (PredictionData::Ready(Arc::clone(&predicted.data)), predicted.likely.clone());
            if due {
                // One catalog version always predicts the same: the entry is only renewed.
                cache.put(key, predicted);
            }
            return found;
        }
        let (made, likely) = self.search(catalog, typed, compact);
        match serde_json::value::to_raw_value(&made) {
            Ok(json) => {
                let data: Arc<RawValue> = json.into();
                let predicted = Predicted { data: Arc::clone(&data), likely: likely.clone() };
                cache.put(key, Arc::new(predicted));
                (PredictionData::Ready(data), likely)
            }
            // Then the frame is serialised in the slow way, and fails there if it must.
            Err(_) => (PredictionData::Made(made), likely),
        }
    }

    fn search(
        &self,
        catalog: &Catalog,
        typed: &str,
        compact: bool,
    ) -> (Vec<protocol::Prediction>, PrefetchHint) {
        if typed.trim().is_empty() {
            return (search_results::sample(catalog, SAMPLE, compact), PrefetchHint::Nothing);
        }
        let found = catalog.search(typed, PREDICTIONS);
        let best = found.first().filter(|best| best.confidence >= self.sure);
        let manual = best.and_then(|best| manual_of(best.product));
        (search_results::predictions(catalog, &found, compact), PrefetchHint::Manual(manual))
    }
}

fn manual_of(product: &Product) -> Option<ManualRequest> {
    product.documentation.clone().map(|documentation| ManualRequest { documentation })
}
