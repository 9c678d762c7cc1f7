use hsc_catalogs::{Block, Manual};

use super::super::sheet::Limits;
use super::*;

const LIMITS: Limits = Limits {
    max_pages: 100,
    max_text_bytes: 1 << 20,
    timeout_ms: 60_000,
    threads: 1,
    second_try: true,
};

fn tried(page: &str) -> Result<Manual, ReadError> {
    read(page.as_bytes(), &Budget::starting_now(LIMITS))
}

fn manual(page: &str) -> Manual {
    tried(page).expect("a manual")
}

const PAGE: &str = r#"<!doctype html><html><head><title>Mixer&nbsp;8 guide</title><style>p{}</style></head>
<body><header>Shop | Cart</header><nav><a href="/">Home</a></nav>
<main><h1>Mixer 8</h1><p>It mixes <b>eight</b> channels.</p>
<h2>Setup</h2><p>Do this:</p><ol><li>Plug in.</li><li><p>Turn on.</p><p>Wait.</p></li></ol>
<ul><li>Red: busy</li></ul><div class="warning">Do not open.</div>
<h3>Levels</h3><table><tr><th>Input</th><th>Level</th></tr><tr><td>Mic</td><td><p>-60&nbsp;dBu</p></td></tr></table>
<h2>Care</h2><dl><dt>Cloth</dt><dd>Soft and dry.</dd></dl><pre>reset
all</pre><script>alert(1)</script></main>
<footer>© Maker</footer></body></html>"#;

#[test]
fn a_section_is_a_page_and_the_numbers_follow_the_document() {
    let manual = manual(PAGE);
    assert_eq!(manual.title, "Mixer 8 guide");
    let pages: Vec<_> = manual.pages.iter().map(|page| (page.number, page.text.as_str())).collect();
    assert_eq!(
        pages,
        [
            (1, "Mixer 8\nIt mixes eight channels."),
            (
                2,
                "Setup\nDo this:\n1. Plug in.\n2. Turn on.\nWait.\nRed: busy\nWarning: Do not open.\nLevels\n\
                 Input | Level\nMic | -60 dBu"
            ),
            (3, "Care\nCloth | Soft and dry.\nreset\nall"),
        ]
    );
}

#[test]
fn lists_tables_notes_and_definitions_become_blocks() {
    let manual = manual(PAGE);
    let blocks: Vec<Block> =
        manual.passages.into_iter().flat_map(|passage| passage.blocks).collect();
    assert_eq!(
        blocks[1..],
        [
            Block::Paragraph("Do this:".into()),
            Block::Step("1. Plug in.".into()),
            Block::Step("2. Turn on. Wait.".into()),
            Block::Bullet("Red: busy".into()),
            Block::Note("Warning: Do not open.".into()),
            Block::Row("Input | Level".into()),
            Block::Row("Mic | -60 dBu".into()),
            Block::Row("Cloth | Soft and dry.".into()),
            Block::Paragraph("reset\nall".into()),
        ]
    );
}

#[test]
fn passages_know_their_headings() {
    let manual = manual(PAGE);
    let levels =
        manual.passages.iter().find(|passage| passage.text().contains("Mic")).expect("the table");
    assert_eq!(levels.headings, ["Mixer 8", "Setup", "Levels"]);
    assert!(levels.opens_section && levels.page == 2);
}

#[test]
fn navigation_scripts_and_footers_are_left_out() {
    let manual = manual(PAGE);
    let text: String = manual.pages.iter().map(|page| page.text.as_str()).collect();
    for chaff in ["Shop", "Home", "alert", "Maker"] {
        assert!(!text.contains(chaff), "{chaff}");
    }
}

#[test]
fn a_title_with_nothing_under_it_shares_the_page_of_its_first_section() {
    let manual = manual("<h1>Guide</h1><h2>One</h2><p>First.</p><h2>Two</h2><p>Second.</p>");
    assert_eq!(manual.pages.len(), 2);
    assert_eq!(manual.pages[0].text, "Guide\nOne\nFirst.");
}

#[test]
fn hebrew_and_the_old_windows_encoding_are_read() {
    assert_eq!(manual("<p>לחץ על הכפתור</p>").pages[0].text, "לחץ על הכפתור");
    let read =
        read(b"<p>d\xe9j\xe0 vu \x96 ok</p>", &Budget::starting_now(LIMITS)).expect("a manual");
    assert_eq!(read.pages[0].text, "déjà vu – ok");
}

#[test]
fn a_page_nested_without_end_is_read_and_does_not_overflow() {
    let deep = format!("{}<p>At the bottom.</p>", "<div>".repeat(2_000));
    assert!(manual(&deep).pages[0].text.contains("At the bottom."));
}

#[test]
fn pages_without_text_and_bytes_without_tags_are_said_to_be_so() {
    assert!(matches!(tried("<html><body><script>x</script></body></html>"), Err(ReadError::Empty)));
    assert!(matches!(tried("just words"), Err(ReadError::WrongKind { .. })));
}

#[test]
fn too_much_text_is_refused() {
    let long = format!("<p>{}</p>", "word ".repeat(300_000));
    assert!(matches!(tried(&long), Err(ReadError::TooMuchText { .. })));
}

#[test]
fn the_plain_page_has_an_anchor_for_every_section_and_runs_nothing() {
    let mut manual = manual(PAGE);
    manual.title = "<script>alert(1)</script>".into();
    let page = print(&manual);
    for number in 1..=3 {
        assert!(page.contains(&format!("<section id=\"page={number}\"")));
    }
    assert!(page.contains("<h3>Levels</h3>") && page.contains("<h2>Care</h2>"));
    assert!(!page.contains("<script"));
}
