//! Generates the manual of a product, as Markdown.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::brand::{Made, Outline};
use super::words::one_of;

/// The manual of a product as Markdown; manual-writer makes about the requested number of pages from it.
pub(super) fn source(
    chance: &mut ChaCha8Rng,
    brand: &Outline,
    product: &Made,
    pages: &RangeInclusive<usize>,
) -> String {
    let target = chance.random_range(pages.clone());
    let sections = target.saturating_sub(OTHER_PAGES) * SECTIONS_ON_TEN_PAGES / 10;
    // In a fixed order: each part takes random numbers.
    let mut source = format!(
        "---\ntitle: Owner's Manual\nproduct: {}\nmodel: {}\nmaker: {}\nedition: Edition {}\ncode: {}-{:04}\n---\n",
        product.name,
        product.model,
        brand.name,
        chance.random_range(1..9),
        brand.id.to_uppercase(),
        chance.random_range(0..10_000),
    );
    let sections: Vec<String> =
        (0..sections).map(|number| section(chance, product, number)).collect();
    source.push_str(&front(chance, product));
    // A chapter of the reference has a dozen settings, like a menu.
    for (at, section) in sections.iter().enumerate() {
        if at % 12 == 0 {
            let _ = write!(source, "# Settings, menu page {}\n\n", at / 12 + 1);
        }
        source.push_str(section);
    }
    source.push_str(&back(chance, brand, product));
    source
}

/// Pages outside the reference: title, contents, safety, use, trouble and data.
const OTHER_PAGES: usize = 8;
/// Sections of the reference on ten pages; a test of manual-writer counts pages.
const SECTIONS_ON_TEN_PAGES: usize = 26;

fn front(chance: &mut ChaCha8Rng, product: &Made) -> String {
    let (model, kind) = (&product.model, product.kind.name.to_lowercase());
    let mut text = format!(
        "# Safety\n\n> **Warning:** Connect the {model} only to a grounded socket and pull the plug before cleaning.\n\n\
         ## Where to set it up\n\n- Leave {} cm free on every side.\n- Keep it away from water and from direct sun.\n\
         - Do not put it on carpets: the openings below must stay free.\n\n\
         ## Cleaning the case\n\nUse a dry cloth. Alcohol makes the {} dull.\n\n\
         # Getting to know the {model}\n\nThis {kind} has {} parts that you will use.\n\n| Part | Where it is | What it does |\n|---|---|---|\n",
        chance.random_range(5..40),
        product.kind.parts[0],
        product.kind.parts.len(),
    );
    let places = ["front, left", "front, right", "top", "rear", "left side", "right side", "below"];
    for part in &product.kind.parts {
        let place = one_of(chance, &places);
        let (name, _, _, _) = one_of(chance, &product.kind.settings);
        let _ =
            writeln!(text, "| {part} | {place} | used when you set the {} |", name.to_lowercase());
    }
    let _ = write!(
        text,
        "\n# First use\n\n## Switching on for the first time\n\n1. Take the {model} out of its box and remove the blue transport lock.\n\
         2. Connect the mains cable, then press **Power** for {} seconds.\n3. Choose the language with the wheel and press **OK**.\n\
         4. Wait for the check of the {} to end.\n\n> **Tip:** Keep the box: the transport lock is needed again when you send the {model} in.\n\n\
         ## Switching off\n\nPress **Power** and wait until the {} has come to rest, about {} seconds.\n\n",
        chance.random_range(1..6),
        product.kind.parts[0],
        product.kind.parts[1],
        chance.random_range(3..30),
    );
    text
}

/// One setting, or one procedure with a part.
fn section(chance: &mut ChaCha8Rng, product: &Made, number: usize) -> String {
    let part = one_of(chance, &product.kind.parts);
    let (name, unit, from, to) = one_of(chance, &product.kind.settings);
    let default = chance.random_range(*from..=*to);
    let (menu, row) = (number / 12 + 1, number % 12 + 1);
    if number % 4 == 3 {
        return format!(
            "## Checking the {part} (procedure P-{number:03})\n\n1. Open menu page {menu}, row {row}.\n\
             2. Hold **OK** for {} seconds until the {part} answers.\n3. Compare the value with {default} {unit}.\n\
             4. If it differs by more than {}, write it down and see code E-{:03}.\n\n",
            chance.random_range(2..9),
            chance.random_range(1..5),
            100 + number,
        );
    }
    let memory = one_of(chance, &["program", "scene", "user", "system"]);
    format!(
        "## {name} for {memory} {menu}-{row}\n\nRow {row} of menu page {menu} sets the {} that {memory} {menu}-{row} uses. \
         It is kept when the power is off.\n\n| Property | Value |\n|---|---|\n| Range | {from} to {to} {unit} |\n\
         | Default | {default} {unit} |\n| Step | {} |\n| Control number | {} |\n\n",
        name.to_lowercase(),
        one_of(chance, &[1, 1, 2, 5]),
        20 + number,
    )
}

fn back(chance: &mut ChaCha8Rng, brand: &Outline, product: &Made) -> String {
    let mut text =
        "# Troubleshooting\n\n| What you notice | Probable cause | What helps |\n|---|---|---|\n"
            .to_owned();
    for part in &product.kind.parts {
        let (name, unit, from, to) = one_of(chance, &product.kind.settings);
        let _ = writeln!(
            text,
            "| the {part} does not react | {} stands at {from} | set it to {} {unit} |",
            name.to_lowercase(),
            (from + to) / 2,
        );
    }
    text.push_str("\n## Error codes\n\n| Code | Meaning | What to do |\n|---|---|---|\n");
    for number in 0..chance.random_range(6..14) {
        let part = one_of(chance, &product.kind.parts);
        let faults = [
            ("too warm", "switch off for half an hour"),
            ("does not answer", "check its plug"),
            ("out of range", "set it back to its default"),
            ("has been changed", "calibrate it"),
            ("is worn", "have it replaced"),
        ];
        let (what, then) = one_of(chance, &faults);
        let _ = writeln!(text, "| F-{:02} | {part} {what} | {then} |", number + 1);
    }
    text.push_str("\n# Specifications\n\n| Property | Value |\n|---|---|\n");
    for (name, value) in &product.specs {
        let _ = writeln!(text, "| {} | {value} |", name.replace('_', " "));
    }
    let _ = write!(
        text,
        "\n## Service\n\n{} repairs the {} for ten years after its last day of making.\n",
        brand.name, product.model
    );
    text
}
