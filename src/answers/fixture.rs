//! A small manual, made by hand, that the tests of this room ask about.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use hsc_actors::ports::{
    Answer, AnswerEvent, Answerer, AnswererName, Asker, ManualError, ManualLoader, ManualRequest,
    Outcome, Question,
};
use hsc_actors::protocol::Scenario;
use hsc_catalogs::{
    Accessory, Block, Documentation, DocumentationKind, Entry, Manual, ManualFormat, ManualSource,
    Page, Passage, Product,
};

/// A manual of one passage a page: headings, and blocks below the last of them.
pub(super) fn bound(pages: Vec<(&[&str], Vec<Block>)>) -> Manual {
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

pub(super) fn paragraph(text: &str) -> Block {
    Block::Paragraph(text.to_owned())
}

pub(super) fn step(text: &str) -> Block {
    Block::Step(text.to_owned())
}

pub(super) fn row(text: &str) -> Block {
    Block::Row(text.to_owned())
}

pub(super) fn note(text: &str) -> Block {
    Block::Note(text.to_owned())
}

/// The manual of an invented drum module.
pub(super) fn manual() -> Manual {
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
                row("What you notice | Cause | What helps"),
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

/// A question about the product of [`manual`].
pub(super) fn question(text: &str) -> Question {
    let product = Product {
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
    };
    Question {
        product: Arc::new(product),
        related: Vec::new(),
        owners: Vec::new(),
        text: text.to_owned(),
        previous: Vec::new(),
        scenario: Scenario::General,
        image: None,
        locale: None,
        asker: Asker::default(),
    }
}

/// An answer that ended so, with this text.
pub(super) fn answer(outcome: Outcome, text: &str) -> Answer {
    Answer {
        outcome,
        text: text.to_owned(),
        html: format!("<p>{text}</p>"),
        citations: Vec::new(),
        confidence: 0.5,
        grounded: true,
        answerer: AnswererName::Extractive,
        fallback: None,
        stale_manual: false,
        provisional: false,
        pages_pending: 0,
    }
}

/// An accessory of that product.
pub(super) fn accessory(name: &str, category: &str) -> Accessory {
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

/// A shelf with one manual on it, or without.
pub(super) struct OneManual(pub Result<Arc<Manual>, ManualError>);

impl ManualLoader for OneManual {
    fn load(&self, _: ManualRequest) -> BoxFuture<'static, Result<Arc<Manual>, ManualError>> {
        let manual = self.0.clone();
        async move { manual }.boxed()
    }
}

/// The events of an answer; its order is checked on the way.
pub(super) async fn told(answerer: &dyn Answerer, question: Question) -> (Vec<String>, Answer) {
    let events: Vec<AnswerEvent> = answerer.answer(question).collect().await;
    let mut chunks = Vec::new();
    assert_eq!(events.first(), Some(&AnswerEvent::Reading));
    for event in &events[1..events.len() - 1] {
        match event {
            AnswerEvent::Thinking => assert!(chunks.is_empty(), "thinking comes before the words"),
            AnswerEvent::Chunk(text) => chunks.push(text.clone()),
            other => panic!("{other:?} in the middle"),
        }
    }
    match events.last() {
        Some(AnswerEvent::Done(answer)) => (chunks, (**answer).clone()),
        other => panic!("the last event is {other:?}"),
    }
}
