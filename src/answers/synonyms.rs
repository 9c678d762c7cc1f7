//! Words for the same thing: what customers say and what manuals say.
//!
//! Each group is of the field at large, never of one manual. A member stands for the others at a
//! lower weight than the word itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::text::{Language, WordReader};

/// The groups. Only words whose meaning does not depend on the product.
const GROUPS: &[&[&str]] = &[
    &["reset", "restore", "initialize", "initialise", "factory"],
    &["delete", "erase", "remove", "clear"],
    &["connect", "connection", "attach", "plug", "hook", "wire"],
    &["disconnect", "detach", "unplug"],
    &["pair", "pairing", "link"],
    &["phone", "telephone", "smartphone", "mobile", "iphone", "android"],
    &["tablet", "ipad"],
    &["wifi", "wlan", "wireless"],
    &["light", "lamp", "led", "indicator"],
    &["lens", "lenses", "optics", "glass"],
    &["load", "insert", "inserting"],
    &["hang", "mount", "rig"],
    &["jam", "stuck", "blocked"],
    &["rain", "weather", "moisture", "outdoors", "wet", "humidity"],
    &["flammable", "fire", "burn"],
    &["beep", "tone", "buzzer"],
    &["song", "piece", "track", "recording"],
    &["fast", "speed", "rate"],
    &["far", "distance"],
    &["long", "length", "duration"],
    &["hot", "temperature"],
    &["tall", "height"],
    &["wide", "width"],
    &["often", "interval", "daily", "weekly", "monthly"],
    &["open", "opening", "forwarding"],
    &["leak", "leaking", "drip", "dripping"],
    &["price", "cost"],
    &["computer", "pc", "mac", "laptop"],
    &["volume", "loudness", "level"],
    &["loud", "volume"],
    &["quiet", "volume"],
    &["broken", "damaged", "faulty", "malfunction"],
    &["fix", "repair", "solve", "troubleshooting"],
    &["replace", "exchange", "swap"],
    &["change", "edit", "modify", "adjust", "alter", "set"],
    &["save", "store", "write"],
    &["update", "upgrade"],
    &["firmware", "software"],
    &["weigh", "weight", "heavy"],
    &["size", "dimensions", "dimension"],
    &["battery", "batteries"],
    &["charge", "charging", "recharge"],
    &["clean", "cleaning", "wipe"],
    &["screen", "display", "lcd"],
    &["knob", "dial", "encoder"],
    &["button", "key", "switch"],
    &["speaker", "loudspeaker", "monitor"],
    &["headphones", "headphone", "earphones", "phones"],
    &["start", "begin", "launch"],
    &["stop", "halt", "end"],
    &["install", "installation", "setup"],
    &["mount", "mounting", "assemble", "assembly"],
    &["error", "fault", "failure"],
    &["noise", "hum", "buzz"],
    &["sound", "audio"],
    &["picture", "image", "photo"],
    &["guarantee", "warranty"],
    &["socket", "jack", "port", "connector", "terminal"],
    &["power", "supply"],
    &["watt", "power", "consumption"],
    &["speed", "tempo"],
    &["metronome", "click"],
    &["loop", "looping"],
    &["language", "languages"],
    &["copy", "duplicate"],
    &["print", "printing"],
    &["forgot", "forgotten", "lost"],
    &["mute", "silence"],
    &["buy", "purchase", "order"],
];

/// The others of every group that has `stem` in it, as they are written.
pub(super) fn of(stem: &str) -> &'static [&'static str] {
    static BY_STEM: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(by_stem);
    BY_STEM.get(stem).map_or(&[], Vec::as_slice)
}

fn by_stem() -> HashMap<String, Vec<&'static str>> {
    let reader = WordReader::new(Language::English);
    let mut all: HashMap<String, Vec<&'static str>> = HashMap::new();
    for group in GROUPS {
        for member in *group {
            for word in reader.words(member) {
                let others = all.entry(word.term.clone()).or_default();
                others.extend(group.iter().filter(|other| **other != *member));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_knows_the_others_of_its_groups_by_its_stem() {
        assert!(of("reset").contains(&"factory"));
        assert!(of("pair").contains(&"link"));
        assert!(of("sourdough").is_empty());
    }
}
