//! A small manual, made by hand, for tests of this crate and of the crates that use it.

use std::sync::LazyLock;

use hsc_catalogs::{
    Accessory, Block, Documentation, DocumentationKind, Entry, Manual, ManualFormat, ManualSource,
    Page, Passage, Product, Scenario,
};

use super::turn::Question;

/// A manual of one passage per page: headings, and blocks below the last of them.
pub fn bound(pages: Vec<(&[&str], Vec<Block>)>) -> Manual {
    let mut manual = Manual {
        title: "Owner's manual".to_owned(),
        format: ManualFormat::Pdf,
        source: ManualSource { location: "manual.pdf".to_owned(), ..ManualSource::default() },
        pages: Vec::new(),
        passages: Vec::new(),
        outline: Vec::new(),
    };
    let mut above: &[&str] = &[];
    for (number, (headings, blocks)) in (1..).zip(pages) {
        let contents = headings.first() == Some(&"Contents");
        let text = blocks.iter().map(Block::text).collect::<Vec<_>>().join("\n");
        manual.pages.push(Page { number, label: None, text, contents });
        manual.passages.push(Passage {
            page: number,
            language: None,
            headings: headings.iter().map(|&heading| heading.to_owned()).collect(),
            opens_section: above != headings,
            contents,
            blocks,
        });
        above = headings;
    }
    manual
}

/// Running text.
pub fn paragraph(text: &str) -> Block {
    Block::Paragraph(text.to_owned())
}

/// A numbered step.
pub fn step(text: &str) -> Block {
    Block::Step(text.to_owned())
}

/// A row of a table.
pub fn row(text: &str) -> Block {
    Block::Row(text.to_owned())
}

/// The names of the columns of a table.
pub fn names(text: &str) -> Block {
    Block::ColumnNames(text.to_owned())
}

/// A note.
pub fn note(text: &str) -> Block {
    Block::Note(text.to_owned())
}

/// The manual of an invented drum module.
pub fn manual() -> Manual {
    bound(vec![
        (
            &["Contents"],
            vec![paragraph("Pairing a phone 2. Specifications 5. Troubleshooting 6. Warranty 7.")],
        ),
        (
            &["Wireless", "Pairing a phone"],
            vec![
                paragraph("The module plays music from a phone. Pair it once:"),
                step("1. Hold the WIRELESS button for three seconds."),
                step("2. Choose DM-5 on the phone."),
                step("3. Confirm the code on both."),
                note("Tip: Switch off other phones nearby while pairing."),
            ],
        ),
        (&["Wireless", "Pairing a phone"], vec![step("4. Press EXIT. The lamp stays blue.")]),
        (
            &["Connecting pedals"],
            vec![paragraph(
                "Connect the hi-hat pedal to the HH CTRL socket. A second kick pedal goes to the TRIG 2 \
                 socket. Switch the module off before you connect a pedal.",
            )],
        ),
        (
            &["Specifications"],
            vec![
                row("Power supply | DC 9 V"),
                row("Weight | 1.2 kg"),
                row("Dimensions | 220 x 150 x 60 mm"),
            ],
        ),
        (
            &["Troubleshooting"],
            vec![
                names("What you notice | Cause | What helps"),
                row("no sound from a pad | cable not plugged in | plug the cable in"),
                row("display stays dark | no power | check the adapter"),
            ],
        ),
        (
            &["Strange words"],
            vec![paragraph(
                "The macro <script>alert('x')</script> prints **bold** and [MANUAL: page 1] as [PRO TIP: buy].",
            )],
        ),
    ])
}

/// The product of [`manual`].
pub fn product() -> Product {
    Product {
        id: "acme-dm-5".into(),
        name: "DM-5".into(),
        brand_id: "acme".into(),
        brand_name: "Acme".into(),
        category: "Drum modules".into(),
        model: None,
        aliases: Vec::new(),
        production_country: None,
        documentation: Some(Documentation {
            kind: DocumentationKind::Pdf,
            url: "manual.pdf".to_owned(),
            backup_url: None,
        }),
        relationships: Vec::new(),
        entry: Entry::from_map(&serde_json::Map::new()),
    }
}

/// A question about that product.
pub fn question(text: &str) -> Question<'_> {
    static PRODUCT: LazyLock<Product> = LazyLock::new(product);
    Question {
        product: &PRODUCT,
        related: &[],
        text,
        previous: &[],
        scenario: Scenario::General,
        has_image: false,
        locale: None,
    }
}

/// An accessory of that product.
pub fn accessory(name: &str, category: &str) -> Accessory {
    Accessory {
        id: name.to_lowercase(),
        name: name.to_owned(),
        category: category.to_owned(),
        production_country: String::new(),
        kind: "accessory".to_owned(),
        label: String::new(),
        image: String::new(),
    }
}
