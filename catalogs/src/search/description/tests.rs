//! Texts of the first box, over a made-up catalog.

use super::super::{Document, Index};
use super::{Described, DescriptionIndex, Understanding, understand};

/// Id, brand, name, description and whether there is a manual.
const PRODUCTS: [(&str, &str, &str, &str, bool); 12] = [
    ("kit", "Quorum", "Quorum DK-17KVX Electronic Drum Kit", "", true),
    ("kit-old", "Quorum", "Quorum DK-9 Electronic Drum Kit", "", true),
    ("kit-bag", "Quorum", "Quorum DK-17KVX Bag", "", false),
    ("small", "Velm", "Velm Duo 2", "Small USB audio interface, 2 channel.", true),
    ("large", "Velm", "Velm Rack 16 Audio Interface", "", true),
    ("seven", "Ardo", "גיטרה חשמלית 7 מיתרים Ardo Stern", "", false),
    ("six", "Ardo", "גיטרה חשמלית Ardo Mond", "", false),
    ("stand", "Ardo", "Ardo Guitar Stand", "", false),
    ("phono", "Fantor", "Fantor Lyra 12\" Studio Monitor", "", false),
    ("phono-8", "Fantor", "Fantor Lyra 8\" Studio Monitor", "", false),
    ("twin-a", "Osto", "Osto Grandwell Synthesizer", "", false),
    ("twin-b", "Osto", "Osto Grandwell Synthesizer", "", true),
];

fn read(text: &str) -> Understanding {
    let document = |at: usize| {
        let (id, brand, name, ..) = PRODUCTS[at];
        Document { id, name, brand_id: brand, brand, category: "", model: None, aliases: &[] }
    };
    let index = Index::build((0..PRODUCTS.len()).map(document));
    let descriptions = DescriptionIndex::build((0..PRODUCTS.len()).map(|at| Described {
        document: document(at),
        description: PRODUCTS[at].3,
        has_manual: PRODUCTS[at].4,
    }));
    understand(&index, &descriptions, text, 5, None)
}

fn first(text: &str) -> &'static str {
    read(text).hits.first().map_or("", |hit| PRODUCTS[hit.document as usize].0)
}

fn detected(text: &str) -> Option<(&'static str, String)> {
    read(text).detected.map(|it| (PRODUCTS[it.document as usize].0, it.question))
}

#[test]
fn a_product_inside_a_question_is_detected_and_the_rest_is_the_question() {
    let question = |id, question: &str| Some((id, question.to_owned()));
    assert_eq!(
        detected("my dk-17 kvx does not trigger the snare"),
        question("kit", "does not trigger the snare")
    );
    assert_eq!(
        detected("how do i reset the quorum DK-9?"),
        question("kit-old", "how do i reset ?")
    );
    assert_eq!(detected("quorum dk-9"), question("kit-old", ""));
    assert_eq!(detected("איך מאפסים את quorum dk-9"), question("kit-old", "איך מאפסים"));
}

#[test]
fn a_kind_is_found_in_another_language_with_its_number() {
    assert_eq!(first("7 string electric guitar"), "seven");
    assert_eq!(first("seven string guitar"), "seven");
    assert_eq!(first("electric guitar"), "six");
    assert_eq!(first("small 2 channel usb interface"), "small");
    assert_eq!(first("8 inch studio monitor"), "phono-8");
    assert_eq!(first("מוניטור 12 אינץ'"), "phono");
    assert_eq!(first("guitar stand"), "stand");
}

#[test]
fn a_name_is_found_by_its_sound_and_in_another_script() {
    assert_eq!(first("phantor lyra 8 does not turn on"), "phono-8");
    assert_eq!(first("פנטור מוניטור 8 אינץ"), "phono-8");
}

#[test]
fn the_wrong_keyboard_layout_is_corrected_only_when_that_matches_better() {
    let read = read("לא-9");
    assert_eq!(read.corrected, None, "the letters are words as they are typed");
    assert_eq!(super::tests::read("דגק").corrected, None);
    let read = super::tests::read("באםרםמ ךטרש 8");
    assert_eq!(read.corrected, None, "no product has these words in any layout");
    let read = super::tests::read("כשמאםר ךטרש 8");
    assert_eq!(read.corrected.as_deref(), Some("fantor lyra 8"));
    assert_eq!(read.hits.first().map(|hit| PRODUCTS[hit.document as usize].0), Some("phono-8"));
    let read = super::tests::read("dhyrv");
    assert_eq!(read.corrected.as_deref(), Some("גיטרה"));
}

#[test]
fn of_equal_matches_a_product_with_a_manual_ranks_first_and_is_detected() {
    assert_eq!(first("osto grandwell synthesizer"), "twin-b");
    assert_eq!(
        detected("osto grandwell makes no sound"),
        Some(("twin-b", "makes no sound".to_owned()))
    );
}

#[test]
fn a_text_that_names_no_product_detects_none() {
    let others = [
        "hello",
        "שלום",
        "where is my order",
        "can i speak to a human please",
        "zorb x32",
        "washing machine",
        "electric guitar",
        "quorum",
        "who is the ardo here",
        "",
    ];
    for text in others {
        assert_eq!(detected(text), None, "{text}");
    }
    for text in ["hello", "where is my order", "zorb x32", "who is the ardo here"] {
        let read = read(text);
        assert!(read.hits.first().is_none_or(|hit| hit.confidence < 50), "{text}: {:?}", read.hits);
    }
}

#[test]
fn an_encoder_decides_between_products_that_match_equally() {
    let index = Index::build([]);
    assert!(understand(&index, &DescriptionIndex::default(), "guitar", 5, None).hits.is_empty());
    let document = |id| Document {
        id,
        name: "Velm Unit",
        brand_id: "velm",
        brand: "Velm",
        category: "",
        model: None,
        aliases: &[],
    };
    let ids = ["a", "b"];
    let index = Index::build(ids.map(document));
    let descriptions = DescriptionIndex::build(ids.map(|id| Described {
        document: document(id),
        description: "",
        has_manual: false,
    }));
    let read = understand(&index, &descriptions, "something to keep warm", 5, Some(&[0.1, 0.9]));
    assert_eq!(read.hits.first().map(|hit| hit.document), Some(1));
}
