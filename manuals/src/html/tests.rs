use hsc_catalogs::{Block, Manual};

use super::super::Complexity;
use super::super::sheet::{HtmlLimits, Limits};
use super::*;

const LIMITS: Limits = Limits {
    max_pages: 100,
    max_text_bytes: 1 << 20,
    timeout_ms: 60_000,
    threads: 1,
    html: HtmlLimits { max_nodes: 50_000, max_depth: 100, max_attributes: 64 },
};

fn tried(page: &str) -> Result<Manual, ReadError> {
    read(page.as_bytes(), None, &Budget::starting_now(LIMITS))
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
            Block::ColumnNames("Input | Level".into()),
            Block::Row("Mic | -60 dBu".into()),
            Block::Row("Cloth | Soft and dry.".into()),
            Block::Paragraph("reset\nall".into()),
        ]
    );
}

#[test]
fn passages_have_their_headings() {
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
fn a_title_without_content_shares_the_page_of_its_first_section() {
    let manual = manual("<h1>Guide</h1><h2>One</h2><p>First.</p><h2>Two</h2><p>Second.</p>");
    assert_eq!(manual.pages.len(), 2);
    assert_eq!(manual.pages[0].text, "Guide\nOne\nFirst.");
}

#[test]
fn hebrew_and_the_old_windows_encoding_are_read() {
    assert_eq!(manual("<p>לחץ על הכפתור</p>").pages[0].text, "לחץ על הכפתור");
    let read = read(b"<p>d\xe9j\xe0 vu \x96 ok</p>", None, &Budget::starting_now(LIMITS))
        .expect("a manual");
    assert_eq!(read.pages[0].text, "déjà vu – ok");
}

#[test]
fn utf_16_is_read_with_and_without_its_byte_order_mark() {
    let page = "<h1>Mixer</h1><p>Нажмите кнопку питания.</p>";
    let little: Vec<u8> = page.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = page.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: [u8; 2], bytes: &[u8]| [&mark[..], bytes].concat();
    for bytes in
        [marked([0xff, 0xfe], &little), marked([0xfe, 0xff], &big), little.clone(), big.clone()]
    {
        let read = read(&bytes, None, &Budget::starting_now(LIMITS)).expect("a manual");
        assert_eq!(read.pages[0].text, "Mixer\nНажмите кнопку питания.");
    }
}

#[test]
fn cells_below_headers_retain_their_columns_and_a_layout_table_has_none() {
    let named = "<table><tr><th>Lamp<th>Day<th>Night</tr><tr><td>red<td><td>hot</tr>\
        <tr><td>off<td colspan=2>flat</tr></table>";
    assert_eq!(manual(named).pages[0].text, "Lamp | Day | Night\nred | – | hot\noff | flat | flat");
    let set = "<table><tr><td>A<td><td>B</tr><tr><td><td>C<td></tr></table>";
    assert_eq!(manual(set).pages[0].text, "A | B\nC");
    let huge = "<table><tr><th>A<th>B</tr><tr><td colspan=1000000000>x<td>y</tr></table>";
    assert_eq!(manual(huge).pages[0].text, "A | B\nx | y");
}

#[test]
fn a_cell_that_spans_rows_is_in_each_of_them() {
    let text = |table: &str| manual(&format!("<table>{table}</table>")).pages[0].text.clone();
    assert_eq!(
        text(
            "<tr><th>Port<th>Mode<th>Level</tr>\
             <tr><td rowspan=2>A<td>low<td>-10</tr><tr><td>high<td>+4</tr>\
             <tr><td>B<td rowspan=\"2\">any<td>0</tr><tr><td>C<td>1</tr>"
        ),
        "Port | Mode | Level\nA | low | -10\nA | high | +4\nB | any | 0\nC | any | 1"
    );
    // Both ways, and to the end of a group of rows.
    assert_eq!(
        text(
            "<tr><th>Lamp<th>Day<th>Night</tr><tbody><tr><td rowspan=0>red<td rowspan=2 colspan=2>hot</tr>\
             <tr></tr><tr><td>cold<td>off</tr></tbody><tbody><tr><td>green<td>ready<td>ready</tr></tbody>"
        ),
        "Lamp | Day | Night\nred | hot | hot\nred | cold | off\ngreen | ready | ready"
    );
    // Without names of columns, and with the label as a name of its rows.
    for tag in ["td", "th"] {
        let page = format!(
            "<tr><{tag} rowspan=2>Weight<td>with case<td>2 kg</tr><tr><td>without<td>1 kg</tr>"
        );
        assert_eq!(text(&page), "Weight | with case | 2 kg\nWeight | without | 1 kg", "{tag}");
    }
    // A part of the page beside rows is not the label of each.
    let part = "word ".repeat(200);
    let page = format!("<tr><td rowspan=2>{part}<td>first</tr><tr><td>second</tr>");
    assert_eq!(text(&page), format!("{} | first\nsecond", part.trim()));
}

#[test]
fn two_header_rows_become_one() {
    let page = "<table><tr><th rowspan=2>Port<th colspan=2>Level</tr><tr><th>min<th>max</tr>\
        <tr><td>A<td>1<td>2</tr></table>";
    let manual = manual(page);
    assert_eq!(manual.pages[0].text, "Port | Level min | Level max\nA | 1 | 2");
    assert_eq!(manual.passages[0].blocks.len(), 2);
}

#[test]
fn a_page_nested_as_deep_as_is_allowed_is_read() {
    let deep = format!("{}<p>At the bottom.</p>", "<div>".repeat(80));
    assert!(manual(&deep).pages[0].text.contains("At the bottom."));
}

/// The limit that a page exceeds; `None` if it is read or has no text.
fn exceeds(page: &str) -> Option<Complexity> {
    match tried(page) {
        Err(ReadError::TooComplex { what, limit }) => {
            assert_eq!(limit, LIMITS.html.of(what));
            Some(what)
        }
        Ok(_) | Err(ReadError::Empty | ReadError::TooMuchText { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

fn many(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

#[test]
fn a_tag_with_too_many_attributes_is_refused_at_any_position() {
    let attributes = many(100_000, |number| format!(" a{number}"));
    for before in [
        "",
        "<!-- <p -->",
        // Text that looks like a tag, a quote or a comment unless the state of the parser is known.
        "<script>'<a x=\"'</script>",
        "<script><!--<script>'<a x=\"'</script></script>",
        "<title><!-- </title>",
        "<svg><title>",
        "<svg><![CDATA[<a x=\"]]>",
        "<textarea><p x='</textarea>",
        "<p x='<!--'>",
        "<table><tr><td>",
        "<a<a<a",
    ] {
        let page = format!("{before}<p{attributes}>x</p>");
        assert_eq!(exceeds(&page), Some(Complexity::Attributes), "{before}");
    }
    let of_an_end = format!("<p>x</p{attributes}>");
    assert_eq!(exceeds(&of_an_end), Some(Complexity::Attributes));
    let valued = many(1_000, |number| format!(" a{number}='x y z'/b{number}=\"<p\""));
    assert_eq!(exceeds(&format!("<p{valued}>x")), Some(Complexity::Attributes));
}

#[test]
fn text_that_only_looks_like_many_attributes_is_read() {
    let words = "word ".repeat(5_000);
    for page in [
        format!("<p title='{words}'>Read.</p>"),
        format!("<!-- for(i=0;i<n;{words} --><p>Read.</p>"),
        format!("<script>for(i=0;i<n;{words}</script><p>Read.</p>"),
        format!("<style>a<b {words}</style><p>Read.</p>"),
        format!("<svg><path d='{words}'/></svg><p>Read.</p>"),
        format!("<p>1 < 2 {words}</p><p>Read.</p>"),
    ] {
        let manual = manual(&page);
        let last = manual.pages.last().expect("a page");
        assert!(last.text.ends_with("Read."), "{}", &page[..40]);
    }
}

#[test]
fn attributes_merged_into_the_root_are_bounded() {
    let page = many(2_000, |number| format!("<html a{number}><body b{number}>"));
    assert_eq!(manual(&format!("<p>Read.</p>{page}")).pages[0].text, "Read.");
}

#[test]
fn nested_elements_are_refused_at_the_limit() {
    for part in [
        "<div>",
        "<b>",
        "<i><div>",
        "<table><tr><td>",
        "<svg><g>",
        "<ul><li>",
        "<span x=1>",
        "<font>",
    ] {
        assert_eq!(exceeds(&part.repeat(20_000)), Some(Complexity::Depth), "{part}");
    }
    let fonts = many(20_000, |number| format!("<p><font x{number}>y</p>"));
    assert_eq!(exceeds(&fonts), Some(Complexity::Depth));
}

#[test]
fn more_elements_texts_and_comments_than_allowed_are_refused() {
    for part in
        ["<tr><td>a<td>b", "<p>x", "</p>", "<!x>", "<!-- x -->x", "<br>", "<a>x</a>", "</b>"]
    {
        let page = format!("<table>{}", part.repeat(250_000));
        assert_eq!(exceeds(&page), Some(Complexity::Nodes), "{part}");
    }
}

#[test]
fn a_page_without_structure_is_read_or_refused_in_proportion_to_its_length() {
    for page in [
        format!("<p>{}", "&amp;&notin;&#1;".repeat(100_000)),
        format!("<p>{}", "word ".repeat(200_000)),
        format!("<p>{}", "x".repeat(1_000_000)),
        format!("<p>x</p><!-- {}", "-- <!-- ".repeat(100_000)),
        format!("<p>x</p>{}", "\n".repeat(500_000)),
        format!("<p>{}{}", "x".repeat(2_000), "\0".repeat(500_000)),
        format!("<p>x</p><p a='{}", "<a b=".repeat(30_000)),
    ] {
        assert_eq!(exceeds(&page), None, "{}", &page[..40]);
    }
}

#[test]
fn text_that_the_structure_repeats_counts_toward_the_limit_of_text() {
    let term = "long term ".repeat(2_000);
    let page = format!("<dl><dt>{term}{}", "<dd>x".repeat(1_000));
    assert!(matches!(tried(&page), Err(ReadError::TooMuchText { .. })));
    let heading = "word ".repeat(70);
    let page = format!("<h1>{heading}</h1>{}", "<h6>x</h6><p>x".repeat(5_000));
    assert!(matches!(tried(&page), Err(ReadError::TooMuchText { .. })));
    let cell = "word ".repeat(70);
    let page =
        format!("<table><tr><td rowspan=60000>{cell}<td>x</tr>{}", "<tr><td>x</tr>".repeat(4_000));
    assert!(matches!(tried(&page), Err(ReadError::TooMuchText { .. })));
    let title = format!("<title>{}</title><p>x</p>", "word ".repeat(10_000));
    let read =
        super::super::read(title.as_bytes(), hsc_catalogs::DocumentationKind::Html, None, LIMITS);
    assert!(read.expect("a manual").title.len() <= 400);
}

#[test]
fn a_page_takes_no_longer_than_the_limit() {
    let limits = Limits { timeout_ms: 0, ..LIMITS };
    let read = read(PAGE.as_bytes(), None, &Budget::starting_now(limits));
    assert!(matches!(read, Err(ReadError::TooSlow { limit_ms: 0 })));
}

#[test]
fn pages_without_text_and_bytes_without_tags_are_reported() {
    assert!(matches!(tried("<html><body><script>x</script></body></html>"), Err(ReadError::Empty)));
    assert!(matches!(tried("just words"), Err(ReadError::WrongKind { .. })));
}

#[test]
fn too_much_text_is_refused() {
    let long = format!("<p>{}</p>", "word ".repeat(300_000));
    assert!(matches!(tried(&long), Err(ReadError::TooMuchText { .. })));
}

#[test]
fn the_plain_page_has_an_anchor_for_every_section_and_no_script() {
    let mut manual = manual(PAGE);
    manual.title = "<script>alert(1)</script>".into();
    let page = print(&manual);
    for number in 1..=3 {
        assert!(page.contains(&format!("<section id=\"page={number}\"")));
    }
    assert!(page.contains("<h3>Levels</h3>") && page.contains("<h2>Care</h2>"));
    assert!(!page.contains("<script"));
}
