//! Properties of extractive answers, with a manual made by hand.

use hsc_catalogs::{Exchange, Scenario};
use proptest::prelude::*;

use super::answer::{Answer, Outcome, Phrases};
use super::compose::compose;
use super::fixture::{accessory, bound, manual, names, note, paragraph, question, row, step};
use super::index::Index;
use super::markers::{Marker, Part, parts};
use super::retrieval::Measure;
use super::turn::Question;

const MEASURE: Measure = Measure {
    max_passages: 8,
    min_confidence: 0.4,
    answer_confidence: 0.5,
    parts: super::ranking_parts::RankingParts::ALL,
};

fn answer_to(question: &Question, manual: &hsc_catalogs::Manual) -> Answer {
    compose(question, manual, &Index::of(manual), &[], MEASURE).answer
}

fn answer_to_text(text: &str) -> Answer {
    answer_to(&question(text), &manual())
}

fn cited_in(text: &str) -> Vec<u32> {
    let mut pages = Vec::new();
    for part in parts(text) {
        if let Part::Marker(Marker::Manual(cited)) = part {
            pages
                .extend(cited.into_iter().filter(|page| !pages.contains(page)).collect::<Vec<_>>());
        }
    }
    pages
}

#[test]
fn a_procedure_is_complete_in_order_and_cites_each_of_its_pages() {
    let answer = answer_to_text("How do I pair my phone?");
    let steps: Vec<_> = ["1. Hold", "2. Choose", "3. Confirm", "4. Press EXIT"]
        .map(|step| answer.text.find(step).expect(step))
        .into();
    assert!(steps.is_sorted(), "{}", answer.text);
    assert_eq!(answer.outcome, Outcome::Answered);
    assert_eq!(cited_in(&answer.text), [2, 3]);
    assert!(answer.grounded && answer.confidence > 0.8, "{answer:?}");
}

#[test]
fn a_tip_of_the_manual_is_quoted_and_none_is_invented() {
    assert!(
        answer_to_text("How do I pair my phone?")
            .text
            .contains("[PRO TIP: Switch off other phones nearby while pairing.]")
    );
    assert!(!answer_to_text("where do I connect the hi-hat pedal").text.contains("PRO TIP"));
}

#[test]
fn a_figure_is_answered_with_its_row_only() {
    let answer = answer_to_text("how much does it weigh?");
    assert!(answer.text.contains("| Weight | 1.2 kg [MANUAL: page 5]"), "{}", answer.text);
    assert!(!answer.text.contains("DC 9 V"), "{}", answer.text);
}

#[test]
fn a_row_whose_label_is_asked_for_answers_before_other_places_of_the_word() {
    let manual = bound(vec![
        (
            &["Stopping by weight or time"],
            vec![paragraph("The menu offers the stop by hand, after seconds and by the weight.")],
        ),
        (
            &["Technical data"],
            vec![
                row("Keyboard | 61 keys, semi-weighted"),
                row("Weight | 13.4 kg"),
                row("Signal to noise | 108 dB, A-weighted"),
            ],
        ),
    ]);
    for text in ["How heavy is it?", "how much does it weigh", "what does it weigh?", "weight"] {
        let answer = answer_to(&question(text), &manual);
        assert_eq!(answer.outcome, Outcome::Answered, "{text}: {}", answer.text);
        assert_eq!(cited_in(&answer.text).first(), Some(&2), "{text}: {}", answer.text);
        assert!(answer.text.contains("| Weight | 13.4 kg [MANUAL"), "{text}: {}", answer.text);
        assert!(!answer.text.contains("61 keys"), "{text}: {}", answer.text);
    }
}

#[test]
fn a_figure_that_is_asked_for_is_that_of_the_row_and_not_a_section_with_the_word() {
    let manual = bound(vec![
        (
            &["Voice modes"],
            vec![
                names("Mode | Behaviour"),
                row("Poly | the oldest voice is taken"),
                row("Unison 2, 4 | so many voices on each key"),
            ],
        ),
        (&["Sound"], vec![row("Voices | 8, four parts"), row("Oscillators | 2 a voice")]),
        (
            &["Specifications"],
            vec![row("Tank | 2.1 l"), row("Size (w x d x h) | 310 x 390 x 385 mm")],
        ),
    ]);
    for (text, page, said) in [
        ("how many voices does it have", 2, "| Voices | 8, four parts"),
        ("how big is it?", 3, "310 x 390 x 385 mm"),
    ] {
        let answer = answer_to(&question(text), &manual);
        assert_eq!(cited_in(&answer.text).first(), Some(&page), "{text}: {}", answer.text);
        assert!(answer.text.contains(said), "{text}: {}", answer.text);
    }
}

#[test]
fn a_row_that_says_more_than_the_sentence_below_its_table_answers() {
    let manual = bound(vec![(
        &["Sample rates"],
        vec![
            names("Rate | Loopback | Latency in to out"),
            row("48 kHz | yes | 4.7 ms"),
            row("96 kHz | yes | 3.3 ms"),
            paragraph("The latencies were measured with the driver of the maker."),
        ],
    )]);
    for text in ["latency at 96k", "latency at 96 kHz", "latency 96kHz"] {
        let answer = answer_to(&question(text), &manual);
        assert!(answer.text.contains("| 96 kHz | yes | 3.3 ms"), "{text}: {}", answer.text);
    }
}

#[test]
fn the_steps_of_a_short_section_answer_how_although_its_note_has_the_words() {
    let manual = bound(vec![
        (
            &["By Wi-Fi"],
            vec![
                step("1. Hold POWER and FEED for four seconds until the lamp blinks blue."),
                step("2. Join the network PL-300-setup with a telephone."),
                step("3. Choose your network and enter its password."),
                note(
                    "Note: If a network cable is connected, Wi-Fi is switched off. Networks that ask for a user cannot be joined.",
                ),
            ],
        ),
        (
            &["Updating"],
            vec![
                step("1. Connect the printer to the computer."),
                step("2. Press UPDATE. It takes 90 seconds."),
                paragraph("If the update is interrupted, hold FEED while connecting."),
            ],
        ),
    ]);
    let answer = answer_to(&question("how do I connect it to wifi"), &manual).text;
    let steps = ["1. Hold POWER", "2. Join", "3. Choose"];
    assert!(steps.iter().all(|step| answer.contains(step)), "{answer}");
    assert_eq!(answer.matches("Wi-Fi is switched off").count(), 1, "{answer}");
    // What follows the steps of a short section is quoted with them.
    let answer = answer_to(&question("the update was interrupted"), &manual).text;
    assert!(answer.contains("hold FEED while connecting"), "{answer}");
}

#[test]
fn a_fault_is_searched_in_the_sections_about_faults() {
    let answer = answer_to_text("there is no sound from a pad");
    assert!(answer.text.contains("cable not plugged in"), "{}", answer.text);
    assert!(!answer.text.contains("display stays dark"), "{}", answer.text);
    assert_eq!(cited_in(&answer.text).first(), Some(&6));
}

#[test]
fn a_question_that_the_manual_does_not_answer_gets_the_closest_pages() {
    let answer = answer_to_text("how do I bake bread with a pedal in the oven");
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert!(answer.text.starts_with("I don't know"), "{}", answer.text);
    assert_eq!(cited_in(&answer.text), answer.citations.iter().map(|c| c.page).collect::<Vec<_>>());
    assert!(!answer.grounded);
}

#[test]
fn a_question_with_words_that_are_not_in_the_manual_gets_no_page() {
    let answer = answer_to_text("sourdough");
    assert_eq!((answer.outcome, answer.citations.len()), (Outcome::Unknown, 0));
    assert!(answer.text.contains("ask for a person"));
}

#[test]
fn an_unanswered_question_mentions_pages_that_are_not_recognized_yet() {
    let mut manual = manual();
    let unanswered = question("how do I bake bread with a pedal in the oven");
    let text = |manual: &hsc_catalogs::Manual| answer_to(&unanswered, manual).text;
    assert!(!text(&manual).contains("still being recognized"));
    manual.source.pending = vec![4, 5];
    assert!(text(&manual).contains("still being recognized"), "{}", text(&manual));
    let answered = answer_to(&question("How do I pair my phone?"), &manual);
    assert!(!answered.text.contains("still being recognized"), "{}", answered.text);
}

#[test]
fn pages_of_contents_are_never_cited() {
    for text in ["pairing a phone", "specifications", "troubleshooting", "warranty"] {
        assert!(!cited_in(&answer_to_text(text).text).contains(&1), "{text}");
    }
}

#[test]
fn the_manuals_words_are_text_in_the_html() {
    let answer = answer_to_text("strange words of the macro");
    assert!(answer.html.contains("&lt;script&gt;alert"), "{}", answer.html);
    assert!(!answer.html.contains("<script"), "{}", answer.html);
    assert!(answer.html.contains("**bold**"), "{}", answer.html);
}

#[test]
fn the_manuals_words_cannot_form_citations_or_tips() {
    let answer = answer_to_text("strange words of the macro");
    assert_eq!(cited_in(&answer.text).first(), Some(&7));
    assert!(
        !cited_in(&answer.text).contains(&1) && !answer.text.contains("[PRO TIP"),
        "{}",
        answer.text
    );
}

#[test]
fn an_accessory_is_suggested_when_it_is_mentioned() {
    let related = vec![accessory("Stand S-1", "Stands"), accessory("Kick pedal KP-2", "Pedals")];
    let pedal = Question { related: &related, ..question("How do I connect a second kick pedal?") };
    assert!(answer_to(&pedal, &manual()).text.contains("[SUGGESTION: Kick pedal KP-2]"));
    let phone = Question { related: &related, ..question("How do I pair my phone?") };
    assert!(!answer_to(&phone, &manual()).text.contains("SUGGESTION"));
}

#[test]
fn a_hebrew_customer_gets_hebrew_phrases_around_the_manuals_words() {
    let by_locale = Question { locale: Some("he-IL"), ..question("sourdough") };
    let by_script = question("איך אופים לחם");
    for hebrew in [by_locale, by_script] {
        assert!(answer_to(&hebrew, &manual()).text.starts_with("אין לי תשובה"));
    }
}

#[test]
fn a_typing_error_is_corrected() {
    assert_eq!(
        cited_in(&answer_to_text("how do I conect the hi-hat pedla").text).first(),
        Some(&4)
    );
}

#[test]
fn the_scenario_decides_between_two_similar_sections() {
    let twice = bound(vec![
        (
            &["Levels at home"],
            vec![paragraph(
                "Set the output level with the knob. For recording use the line level.",
            )],
        ),
        (
            &["Levels outside"],
            vec![paragraph(
                "Set the output level with the knob. For the stage mixer use the mic level.",
            )],
        ),
    ]);
    let first = |scenario| {
        let question = Question { scenario, ..question("which output level") };
        answer_to(&question, &twice).citations[0].page
    };
    assert_eq!((first(Scenario::Studio), first(Scenario::Live)), (1, 2));
}

#[test]
fn a_heading_that_equals_the_question_ranks_above_text_that_repeats_it() {
    let manual = bound(vec![
        (
            &["Sounds"],
            vec![paragraph("Layers make layers of layers. Layers, layers and more layers.")],
        ),
        (&["Layers"], vec![paragraph("Two sounds at once are played by one pad.")]),
    ]);
    assert_eq!(answer_to(&question("what are layers"), &manual).citations[0].page, 2);
}

/// A table that continues on the next page, with a header of its own on each page.
fn faults_of_a_kettle() -> hsc_catalogs::Manual {
    bound(vec![
        (
            &["Troubleshooting"],
            vec![
                names("Symptom | Cause | Remedy"),
                row("the lamp blinks red | limescale | descale the kettle"),
                row("the lid stays open | the hinge is bent | ask for a new lid"),
                row("the water tastes of plastic | the kettle is new | boil and pour away twice"),
            ],
        ),
        (
            &["Troubleshooting"],
            vec![
                names("Symptom | Cause | Remedy"),
                row("the handle is loose | a screw is missing | order screw no. 7"),
            ],
        ),
        (
            &["Noise"],
            vec![paragraph(
                "Every kettle makes some noise. A rattle comes from a loose heating plate. Call the service then.",
            )],
        ),
        (&["Capacity"], vec![row("Size | 1.7 l | 57 fl oz"), row("Power | 2200 W | 3 hp")]),
    ])
}

#[test]
fn a_citation_quotes_the_row_that_answers_under_the_names_of_its_columns() {
    let manual = faults_of_a_kettle();
    for (asked_text, page, quote) in [
        (
            "the lid stays open",
            1,
            "Symptom: the lid stays open | Cause: the hinge is bent | Remedy: ask for a new lid",
        ),
        (
            "the water tastes of plastic",
            1,
            "Symptom: the water tastes of plastic | Cause: the kettle is new | Remedy: boil and pour away twice",
        ),
        (
            "the handle is loose",
            2,
            "Symptom: the handle is loose | Cause: a screw is missing | Remedy: order screw no. 7",
        ),
        // A figure is not the name of a column: the row is quoted as it is.
        ("what power does it have", 4, "Power | 2200 W | 3 hp"),
    ] {
        let answer = answer_to(&question(asked_text), &manual);
        let cited = answer.citations.iter().find(|citation| citation.page == page);
        let cited =
            cited.unwrap_or_else(|| panic!("{asked_text}: page {page} in {:?}", answer.citations));
        assert_eq!(cited.quote, quote, "{asked_text}");
    }
}

#[test]
fn no_citation_quotes_the_names_of_columns_alone() {
    let manual = faults_of_a_kettle();
    for asked_text in
        ["troubleshooting", "symptom cause remedy", "the lamp blinks", "is the lid new"]
    {
        for citation in answer_to(&question(asked_text), &manual).citations {
            assert_ne!(citation.quote, "Symptom | Cause | Remedy", "{asked_text}");
        }
    }
}

#[test]
fn a_table_of_two_columns_answers_with_rows_below_its_column_names() {
    let rows = vec![
        names("Part | Order number"),
        row("door seal | K9-114"),
        row("shower screen | K9-118"),
        row("tank with valve | K9-201"),
    ];
    let manual = bound(vec![(&["Spare parts"], rows)]);
    for asked_text in ["order number of the door seal", "which part is the door seal"] {
        let answer = answer_to(&question(asked_text), &manual);
        assert!(
            answer.text.contains("| Part | Order number |\n| --- | --- |\n| door seal | K9-114"),
            "{asked_text}: {}",
            answer.text
        );
        assert_eq!(answer.citations[0].quote, "Part: door seal | Order number: K9-114");
        assert!(!answer.text.contains("K9-118"), "{asked_text}: {}", answer.text);
    }
}

#[test]
fn a_short_section_is_quoted_from_its_beginning_and_a_long_one_is_not() {
    let end = "The guarantee ends when limescale was the cause of the damage.";
    let begin = "Two years on the kettle, five years on its boiler.";
    let asked = question("when does the guarantee end");
    let answer = |text: String| {
        let manual = bound(vec![(&["Service"], vec![paragraph(&text)])]);
        answer_to(&asked, &manual).text
    };
    let short = answer(format!("{begin} {end}"));
    assert!(short.contains(&format!("{begin} {end}")), "{short}");
    let long =
        answer(format!("{begin} {} {end}", "Send the kettle to the shop in its box. ".repeat(20)));
    assert!(long.contains(end) && !long.contains(begin), "{long}");
}

#[test]
fn a_citation_quotes_the_sentence_that_answers_and_not_the_first_of_the_page() {
    let answer = answer_to(&question("what does a rattle come from"), &faults_of_a_kettle());
    let cited = answer.citations.iter().find(|citation| citation.page == 3).expect("page 3");
    assert_eq!(cited.quote, "A rattle comes from a loose heating plate.");
}

#[test]
fn a_picture_gets_a_notice_in_the_customers_language_and_the_offer_of_an_agent() {
    for (text, locale, begins) in [
        ("How do I pair my phone?", "en", "I cannot see pictures; only a person can"),
        ("sourdough", "en", "I cannot see pictures; only a person can"),
        ("How do I pair my phone?", "he", "אין לי אפשרות לראות תמונות"),
    ] {
        let locale = Some(locale);
        let with = Question { has_image: true, locale, ..question(text) };
        let answer = answer_to(&with, &manual());
        assert!(answer.text.starts_with(begins), "{}", answer.text);
        let without = Question { locale, ..question(text) };
        let without = answer_to(&without, &manual());
        assert!(answer.text.ends_with(&*without.text), "the words are answered all the same");
        assert_eq!(answer.citations, without.citations);
    }
}

#[test]
fn a_likely_passage_does_not_begin_in_the_middle_of_a_sentence() {
    let manual = bound(vec![(
        &["Looper"],
        vec![
            paragraph("least two seconds while the pedal is down."),
            paragraph("The display blinks."),
            paragraph("Then step on"),
            paragraph("the pedal twice to delete a loop."),
            paragraph("Nothing else happens."),
        ],
    )]);
    let quoted = |text: &str| {
        let index = Index::of(&manual);
        let measure = Measure { min_confidence: 0.0, answer_confidence: 1.1, ..MEASURE };
        compose(&question(text), &manual, &index, &[], measure).answer.text
    };
    let text = quoted("delete a loop");
    let whole = "- Looper – The display blinks. Then step on the pedal twice to delete a loop.";
    assert!(text.contains(whole), "{text}");
    let text = quoted("two seconds pedal down");
    assert!(!text.contains("- least"), "{text}");
}

#[test]
fn rows_of_a_likely_passage_are_a_table() {
    let manual = bound(vec![(
        &["Care"],
        vec![
            names("When | What | Duration"),
            row("daily | rinse the tank | 3 min"),
            row("weekly | backflush | 6 min"),
        ],
    )]);
    let measure = Measure { min_confidence: 0.0, answer_confidence: 1.1, ..MEASURE };
    let answer =
        compose(&question("backflush weekly"), &manual, &Index::of(&manual), &[], measure).answer;
    assert_eq!(answer.outcome, Outcome::Likely);
    assert!(answer.text.contains("| When | What | Duration |"), "{}", answer.text);
    assert!(answer.html.contains("<td>backflush</td>"), "{}", answer.html);
    assert!(!answer.text.contains("When: "), "{}", answer.text);
    assert_eq!(answer.citations.len(), 1);
}

fn any_block() -> impl Strategy<Value = hsc_catalogs::Block> {
    let words = "[a-eA-E<>*_\\[\\]#|:.!\\n0-9אב ]{0,60}";
    (0..5_u8, words).prop_map(|(kind, text)| match kind {
        0 => paragraph(&text),
        1 => step(&text),
        2 => row(&text),
        3 => note(&text),
        _ => hsc_catalogs::Block::Bullet(text),
    })
}

proptest! {
    #[test]
    fn text_and_citations_agree_for_any_manual_and_question(
        pages in prop::collection::vec((0..4_usize, prop::collection::vec(any_block(), 0..5)), 0..6),
        text in "[a-e אב?]{0,30}",
    ) {
        const HEADINGS: [&[&str]; 4] = [&[], &["a b"], &["a b", "c [d]"], &["e: <b>x</b>"]];
        let manual = bound(pages.into_iter().map(|(at, blocks)| (HEADINGS[at], blocks)).collect());
        let composed = compose(&question(&text), &manual, &Index::of(&manual), &[], MEASURE);
        let answer = composed.answer;
        let cited: Vec<u32> = answer.citations.iter().map(|citation| citation.page).collect();
        prop_assert_eq!(cited_in(&answer.text), cited);
        prop_assert!(answer.citations.iter().all(|c| (0.0..=1.0).contains(&c.score)));
        prop_assert!((0.0..=1.0).contains(&answer.confidence));
        prop_assert!(!answer.html.contains("<b>"));
        let joined: String = composed.chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        prop_assert_eq!(joined, answer.text);
    }
}

#[test]
fn the_features_of_a_confidence_exist_for_every_hit() {
    let manual = manual();
    let index = Index::of(&manual);
    let composed = |text: &str| compose(&question(text), &manual, &index, &[], MEASURE);
    let found = composed("How do I pair my phone?");
    let features = found.features.expect("passages were found");
    assert!(features.score > 0.0 && features.english.is_none(), "{features:?}");
    assert_eq!(features.confidence(), found.answer.confidence);
    assert_eq!(composed("sourdough").features, None);
}

fn exchange(question: &str) -> Exchange {
    Exchange { question: question.to_owned(), answer: String::new() }
}

#[test]
fn each_complaint_returns_pages_that_were_not_cited() {
    let pages: Vec<_> = (0..8)
        .map(|at| (["Cleaning"], format!("Clean the filter with water, way {at}, and dry it.")))
        .collect();
    let pages = pages.iter().map(|(headings, text)| (&headings[..], vec![paragraph(text)]));
    let manual = bound(pages.collect());
    let mut previous = vec![exchange("how do I clean the filter")];
    let first = answer_to(&question("how do I clean the filter"), &manual);
    let mut cited: Vec<u32> = first.citations.iter().map(|citation| citation.page).collect();
    for _ in 0..2 {
        let asked_question = Question { previous: &previous, ..question("it did not help") };
        let answer = answer_to(&asked_question, &manual);
        assert_eq!(answer.outcome, Outcome::Likely, "{answer:?}");
        for citation in &answer.citations {
            assert!(!cited.contains(&citation.page), "{} again: {answer:?}", citation.page);
            cited.push(citation.page);
        }
        previous.push(exchange("it did not help"));
    }
}

#[test]
fn a_follow_up_needs_the_question_before_unless_it_names_a_subject_itself() {
    let after = |before: &str, text: &str| {
        let previous = [exchange(before)];
        answer_to(&Question { previous: &previous, ..question(text) }, &manual())
    };
    let answer = after("How heavy is it?", "how do I pair it");
    assert_eq!((answer.outcome, cited_in(&answer.text).first()), (Outcome::Answered, Some(&2)));
    let answer = after("how do I connect a pedal", "how much does it weigh");
    assert!(answer.text.contains("| Weight | 1.2 kg"), "{}", answer.text);
    for text in ["how long does it take", "and how often?"] {
        let answer = after("How do I pair my phone?", text);
        assert_eq!(cited_in(&answer.text).first(), Some(&2), "{text}: {}", answer.text);
    }
}

#[test]
fn an_answer_reports_the_number_of_pages_not_yet_recognized() {
    let mut manual = manual();
    manual.source.pending = vec![8, 9];
    for text in ["How do I pair my phone?", "how do I bake bread"] {
        assert_eq!(answer_to(&question(text), &manual).pages_pending, 2, "{text}");
    }
}

/// A manual whose second half is its first in German, with a page of safety notes in Spanish.
fn translated() -> hsc_catalogs::Manual {
    let mut manual = bound(vec![
        (
            &["Filter"],
            vec![paragraph("Clean the filter of the vacuum Motor X with water and dry it.")],
        ),
        (&["Filter"], vec![paragraph("Reinigen Sie den Filter vom Vacuum Motor X mit Wasser.")]),
        (&["Seguridad"], vec![paragraph("No use el motor X cerca del agua.")]),
    ]);
    for (passage, language) in manual.passages.iter_mut().zip(["en", "de", "es"]) {
        passage.language = Some(language.to_owned());
    }
    manual.passages[2].blocks = vec![paragraph("No: motor X.")];
    manual
}

#[test]
fn a_manual_of_several_languages_is_read_in_that_of_the_question_then_of_the_visitor() {
    let manual = translated();
    let first = |text: &str, locale: Option<&str>| {
        let answer = answer_to(&Question { locale, ..question(text) }, &manual);
        answer.citations.iter().map(|citation| citation.page).collect::<Vec<_>>()
    };
    assert_eq!(first("how do I clean the filter of the motor", None), [1]);
    assert_eq!(first("filter vacuum motor", None), [1]);
    assert_eq!(first("wie reinige ich den Filter", None), [2]);
    assert_eq!(first("filter vacuum motor", Some("de-AT")), [2]);
    assert_eq!(first("how do I clean the filter of the motor", Some("de")), [1]);
    // The safety notes are not a translation: the rest of the manual is searched too.
    assert_eq!(first("¿cómo limpio el filtro del motor?", None)[0], 1);
}

#[test]
fn words_of_another_language_are_labelled_by_the_passage_and_not_by_the_manual() {
    let manual = translated();
    let is_labelled = |text: &str, locale: &'static str| {
        let asked_question = Question { locale: Some(locale), ..question(text) };
        let answer = answer_to(&asked_question, &manual);
        assert_ne!(answer.outcome, Outcome::Unknown, "{text}");
        answer.text.contains(&*Phrases::of(&asked_question).other_language)
    };
    assert!(!is_labelled("wie reinige ich den Filter", "de"));
    assert!(!is_labelled("how do I clean the filter of the motor", "en"));
    assert!(is_labelled("how do I clean the filter of the motor", "he"));
}

#[test]
fn a_passage_whose_language_is_probably_mistaken_is_read_too() {
    let filler = "Clean the filter of the vacuum with water and dry it in the shade for a day. ";
    let mut manual = bound(vec![
        (&["Filter"], vec![paragraph(&filler.repeat(9))]),
        (&["Models"], vec![paragraph("Turbo Motor Alpina")]),
    ]);
    for (passage, language) in manual.passages.iter_mut().zip(["en", "it"]) {
        passage.language = Some(language.to_owned());
    }
    let index = Index::of(&manual);
    assert!(index.units[0].language.is_some());
    assert_eq!(index.units[1].language, None);
    let answer = answer_to(&question("what is the turbo motor alpina"), &manual);
    assert_eq!(answer.citations.first().map(|it| it.page), Some(2), "{}", answer.text);
}

#[test]
fn a_likely_table_shows_the_rows_of_one_table_that_fit() {
    let rows =
        ["Sensor | Kind", "Headphones | 3.5 mm socket", "Headphone level | 12 dB", "Weight | 3 kg"];
    let mut blocks: Vec<_> = rows.iter().map(|text| row(text)).collect();
    blocks.push(row("Headphones | 1 | 2 | 3"));
    let manual = bound(vec![(&["Data"], blocks)]);
    let measure = Measure { min_confidence: 0.0, answer_confidence: 1.1, ..MEASURE };
    let asked_question = question("which size do headphones have");
    let answer = compose(&asked_question, &manual, &Index::of(&manual), &[], measure).answer;
    assert!(answer.text.contains("Headphones | 3.5 mm socket"), "{}", answer.text);
    for other in ["Weight", "1 | 2 | 3"] {
        assert!(!answer.text.contains(other), "{}", answer.text);
    }
}

#[test]
fn a_likely_passage_begins_with_its_section_where_there_is_room() {
    let measure = Measure { min_confidence: 0.0, answer_confidence: 1.1, ..MEASURE };
    let begin = "Switch the display off.";
    let filler =
        "This sentence is about the lamp and the cover of the lamp and says nothing else. ";
    for (repeats, begins) in [(1, true), (12, false)] {
        let filler = filler.repeat(repeats);
        let text = format!("{begin} {filler}Hold both outer keys. The recording is erased too.");
        let manual = bound(vec![(&["Settings"], vec![paragraph(&text)])]);
        let asked = question("are recordings erased");
        let answer = compose(&asked, &manual, &Index::of(&manual), &[], measure).answer;
        assert_eq!(answer.outcome, Outcome::Likely);
        assert!(answer.text.contains("The recording is erased too."), "{}", answer.text);
        assert_eq!(answer.text.contains(begin), begins, "{}", answer.text);
    }
}
