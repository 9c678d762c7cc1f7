//! Headings, and emphasised text that is none.

use hsc_catalogs::{Block, Manual};

use super::tables::manual;

/// Bold lines of a size at a left edge and heights.
fn bold(x: u32, size: f32, lines: &[(u32, &str)]) -> String {
    let line = |(y, text): &(u32, &str)| format!("BT /F2 {size} Tf {x} {y} Td ({text}) Tj ET\n");
    lines.iter().map(line).collect()
}

/// Plain lines below a height.
fn body(y: u32) -> String {
    let text =
        "The lamp blinks while the unit reads what was stored in its memory before it was off.";
    (0..4).map(|n| format!("BT /F1 9 Tf 84 {} Td ({text}) Tj ET\n", y - 11 * n)).collect()
}

/// The headings of the passages, outermost first, and their blocks.
fn sections(manual: &Manual) -> Vec<(String, Vec<&Block>)> {
    manual.passages.iter().map(|it| (it.headings.join(" > "), it.blocks.iter().collect())).collect()
}

#[test]
fn a_step_in_bold_letters_is_a_step_although_its_number_is_larger() {
    for number in [10.5, 12.0] {
        let step = |y: u32, number_text: &str, lines: [&str; 2]| {
            bold(72, number, &[(y, number_text)])
                + &bold(84, 10.5, &[(y, lines[0]), (y - 13, lines[1])])
        };
        let page = bold(72, 16.0, &[(720, "Saving a Phrase")])
            + &body(700)
            + &step(
                640,
                "1.",
                ["While playback is stopped, press and hold the", "button until its lamp blinks."],
            )
            + &body(615)
            + &step(555, "2.", ["Hold the dial down and press the [STORE", "\\(LAST\\)] button."])
            + &body(530);
        let manual = manual(&[page]);
        let sections = sections(&manual);
        assert!(sections.iter().all(|(heading, _)| heading == "Saving a Phrase"), "{sections:?}");
        let steps: Vec<&str> = sections
            .iter()
            .flat_map(|(_, blocks)| blocks)
            .filter(|block| matches!(block, Block::Step(_)))
            .map(|block| block.text())
            .collect();
        assert_eq!(steps.len(), 2, "{sections:?}");
        assert!(
            steps[0].starts_with(
                "1. While playback is stopped, press and hold the button until its lamp blinks."
            ),
            "{steps:?}"
        );
        assert!(
            steps[1].starts_with("2. Hold the dial down and press the [STORE (LAST)] button."),
            "{steps:?}"
        );
    }
}

#[test]
fn a_heading_goes_on_in_small_letters_and_a_sentence_in_bold_letters_is_none() {
    let page = bold(
        72,
        16.0,
        &[(720, "Changing the order of recording"), (702, "overdubbing and playback")],
    ) + &body(680)
        + &bold(
            72,
            10.0,
            &[
                (615, "Never switch the unit off while the lamp blinks,"),
                (603, "or what was stored is lost."),
            ],
        )
        + &body(580);
    let manual = manual(&[page]);
    let sections = sections(&manual);
    let heading = "Changing the order of recording overdubbing and playback";
    assert!(sections.iter().all(|(own, _)| own == heading), "{sections:?}");
    let sentence = "Never switch the unit off while the lamp blinks, or what was stored is lost.";
    let mut blocks = sections.iter().flat_map(|(_, blocks)| blocks);
    assert!(blocks.any(|block| block.text().starts_with(sentence)), "{sections:?}");
}

#[test]
fn a_numbered_name_above_its_description_stays_a_heading() {
    let page = bold(72, 12.0, &[(720, "1. Input Jack")])
        + &body(706)
        + &bold(72, 12.0, &[(650, "2. Gain Control")])
        + &body(636);
    let manual = manual(&[page]);
    let headings: Vec<String> = sections(&manual).into_iter().map(|(heading, _)| heading).collect();
    assert_eq!(headings, ["1. Input Jack", "2. Gain Control"]);
}
