//! The vocabulary of generated catalogs.

/// Syllables of invented brands, in Latin and in Hebrew letters.
pub(super) const SYLLABLES: &[(&str, &str)] = &[
    ("bra", "ברא"),
    ("cor", "קור"),
    ("dal", "דל"),
    ("ven", "ון"),
    ("tor", "טור"),
    ("mel", "מל"),
    ("zan", "זן"),
    ("qui", "קווי"),
    ("lor", "לור"),
    ("fen", "פן"),
    ("gal", "גל"),
    ("hur", "הור"),
    ("kes", "קס"),
    ("nim", "נים"),
    ("pol", "פול"),
    ("ras", "רס"),
    ("sul", "סול"),
    ("tam", "טם"),
    ("vol", "וול"),
    ("wex", "וקס"),
    ("yor", "יור"),
    ("bel", "בל"),
    ("dro", "דרו"),
    ("ost", "אוסט"),
];

/// Optional suffixes of brand names.
pub(super) const ENDINGS: &[&str] =
    &["", "", "", " Audio", " Works", " Systems", " & Sons", " Instruments"];

/// Countries of brands and of production.
pub(super) const PLACES: &[(&str, &str)] = &[
    ("Turku", "Finland"),
    ("Graz", "Austria"),
    ("Braga", "Portugal"),
    ("Brno", "Czechia"),
    ("Haifa", "Israel"),
    ("Leeds", "United Kingdom"),
    ("Busan", "South Korea"),
    ("Nagoya", "Japan"),
    ("Taichung", "Taiwan"),
    ("Padua", "Italy"),
    ("Utrecht", "Netherlands"),
    ("Leipzig", "Germany"),
];

/// Names of product lines.
pub(super) const LINES: &[&str] = &[
    "Anvil", "Beacon", "Cinder", "Drift", "Ember", "Fathom", "Grove", "Harbor", "Inlet", "Juniper",
    "Kestrel", "Lantern", "Meadow", "Nimbus", "Orchard", "Pebble", "Quarry", "Ridge", "Summit",
    "Thistle", "Umber", "Vesper", "Willow", "Zephyr",
];

/// Suffixes of models that come in several forms.
pub(super) const FORMS: &[&str] =
    &["", "", "", "", "Black", "White", "Pro", "Compact", "MK2", "Studio"];

/// A kind of product.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name in English, which is also the category.
    pub(super) name: &'static str,
    pub(super) hebrew: &'static str,
    /// Names of its accessories.
    pub(super) extras: &'static [(&'static str, &'static str)],
    /// Price range, in whole euros.
    pub(super) price: (u32, u32),
    /// Parts that its manual mentions.
    pub(super) parts: &'static [&'static str],
    /// Settings: name, unit, minimum, maximum.
    pub(super) settings: &'static [(&'static str, &'static str, u32, u32)],
}

const BAG: (&str, &str) = ("Carrying Bag", "תיק נשיאה");
const SUPPLY: (&str, &str) = ("Power Supply", "ספק כוח");
const STAND: (&str, &str) = ("Stand", "מעמד");
const CABLE: (&str, &str) = ("Cable Set", "סט כבלים");
const COVER: (&str, &str) = ("Dust Cover", "כיסוי אבק");
const REMOTE: (&str, &str) = ("Remote Control", "שלט רחוק");
const MOUNT: (&str, &str) = ("Wall Bracket", "מתקן קיר");
const FILTER: (&str, &str) = ("Filter Set", "סט מסננים");

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "Stage Piano",
        hebrew: "פסנתר במה",
        extras: &[BAG, STAND, SUPPLY, COVER],
        price: (490, 2900),
        parts: &[
            "keyboard",
            "tone selector",
            "transport buttons",
            "display",
            "pedal socket",
            "headphone socket",
        ],
        settings: &[
            ("Touch curve", "", 1, 5),
            ("Reverb depth", "%", 0, 100),
            ("Master tune", "cents", 0, 50),
            ("Split point", "key", 21, 108),
            ("Layer balance", "%", 0, 100),
            ("Pedal resonance", "%", 0, 100),
        ],
    },
    Kind {
        name: "Synthesizer",
        hebrew: "סינתיסייזר",
        extras: &[BAG, STAND, SUPPLY],
        price: (290, 3400),
        parts: &[
            "oscillator section",
            "filter section",
            "envelope sliders",
            "modulation wheel",
            "sequencer keys",
            "MIDI sockets",
        ],
        settings: &[
            ("Filter cutoff", "", 0, 127),
            ("Resonance", "", 0, 127),
            ("Glide time", "ms", 0, 2000),
            ("LFO rate", "mHz", 50, 20000),
            ("Bend range", "semitones", 0, 24),
            ("Clock division", "", 1, 32),
        ],
    },
    Kind {
        name: "Audio Interface",
        hebrew: "ממשק שמע",
        extras: &[CABLE, SUPPLY, BAG],
        price: (89, 1200),
        parts: &[
            "microphone inputs",
            "gain knobs",
            "level meters",
            "monitor knob",
            "phantom power switch",
            "USB socket",
        ],
        settings: &[
            ("Input gain", "dB", 0, 65),
            ("Buffer size", "samples", 32, 2048),
            ("Monitor mix", "%", 0, 100),
            ("Low cut", "Hz", 20, 160),
            ("Output trim", "dB", 0, 24),
        ],
    },
    Kind {
        name: "Studio Monitor",
        hebrew: "מוניטור אולפני",
        extras: &[STAND, CABLE, MOUNT],
        price: (99, 1500),
        parts: &["woofer", "tweeter", "input panel", "trim switches", "status lamp"],
        settings: &[
            ("Bass trim", "dB", 0, 6),
            ("Treble trim", "dB", 0, 6),
            ("Crossover", "Hz", 60, 120),
            ("Standby after", "min", 10, 120),
        ],
    },
    Kind {
        name: "Electronic Drum Kit",
        hebrew: "תופים אלקטרוניים",
        extras: &[STAND, SUPPLY, CABLE],
        price: (350, 3200),
        parts: &[
            "snare pad",
            "hi-hat controller",
            "kick tower",
            "sound module",
            "trigger sockets",
            "rack",
        ],
        settings: &[
            ("Pad sensitivity", "", 1, 32),
            ("Threshold", "", 0, 31),
            ("Retrigger cancel", "ms", 2, 64),
            ("Crosstalk", "%", 0, 80),
            ("Click tempo", "bpm", 30, 260),
        ],
    },
    Kind {
        name: "Moving Head",
        hebrew: "ראש נע",
        extras: &[CABLE, BAG, MOUNT],
        price: (390, 4200),
        parts: &["base", "yoke", "head", "zoom lens", "display panel", "DMX sockets"],
        settings: &[
            ("DMX address", "", 1, 512),
            ("Pan range", "degrees", 0, 540),
            ("Tilt range", "degrees", 0, 270),
            ("Strobe rate", "Hz", 1, 25),
            ("Fan speed", "%", 20, 100),
        ],
    },
    Kind {
        name: "Wireless Router",
        hebrew: "נתב אלחוטי",
        extras: &[SUPPLY, MOUNT, CABLE],
        price: (49, 420),
        parts: &[
            "antennas",
            "WAN socket",
            "LAN sockets",
            "status lamps",
            "reset button",
            "pairing button",
        ],
        settings: &[
            ("Channel", "", 1, 165),
            ("Transmit power", "%", 10, 100),
            ("Lease time", "h", 1, 72),
            ("Guest limit", "Mbit/s", 1, 500),
            ("Reboot hour", "h", 0, 23),
        ],
    },
    Kind {
        name: "Label Printer",
        hebrew: "מדפסת תוויות",
        extras: &[SUPPLY, CABLE, COVER],
        price: (59, 690),
        parts: &["roll holder", "print head", "cutter", "cover latch", "feed button"],
        settings: &[
            ("Darkness", "", 1, 15),
            ("Print speed", "mm/s", 50, 200),
            ("Label gap", "mm", 1, 10),
            ("Cut after", "labels", 1, 99),
            ("Sleep after", "min", 1, 60),
        ],
    },
    Kind {
        name: "Espresso Machine",
        hebrew: "מכונת אספרסו",
        extras: &[FILTER, COVER],
        price: (190, 2400),
        parts: &["water tank", "group head", "steam wand", "drip tray", "pressure gauge", "boiler"],
        settings: &[
            ("Brew temperature", "°C", 86, 97),
            ("Brew pressure", "bar", 6, 11),
            ("Pre-infusion", "s", 0, 12),
            ("Water hardness", "", 1, 5),
            ("Cup volume", "ml", 15, 250),
        ],
    },
    Kind {
        name: "Projector",
        hebrew: "מקרן",
        extras: &[REMOTE, MOUNT, BAG, CABLE],
        price: (290, 3900),
        parts: &["lens", "focus ring", "lamp door", "air filter", "input panel", "infrared window"],
        settings: &[
            ("Keystone", "", 0, 40),
            ("Brightness", "%", 0, 100),
            ("Contrast", "%", 0, 100),
            ("Lamp hours", "h", 0, 9999),
            ("Colour temperature", "K", 3200, 9300),
        ],
    },
    Kind {
        name: "Guitar Amplifier",
        hebrew: "מגבר לגיטרה",
        extras: &[COVER, CABLE],
        price: (120, 2200),
        parts: &[
            "input socket",
            "gain knob",
            "tone stack",
            "effects loop",
            "speaker socket",
            "standby switch",
        ],
        settings: &[
            ("Gain", "", 0, 10),
            ("Presence", "", 0, 10),
            ("Power", "W", 1, 100),
            ("Gate threshold", "dB", 20, 80),
            ("Reverb", "", 0, 10),
        ],
    },
    Kind {
        name: "Air Purifier",
        hebrew: "מטהר אוויר",
        extras: &[FILTER, REMOTE],
        price: (89, 790),
        parts: &["intake grille", "particle sensor", "fan", "control panel", "filter door"],
        settings: &[
            ("Fan level", "", 1, 6),
            ("Sleep dim", "%", 0, 100),
            ("Filter life", "h", 0, 4380),
            ("Target particles", "µg/m³", 5, 50),
            ("Timer", "h", 1, 12),
        ],
    },
];
