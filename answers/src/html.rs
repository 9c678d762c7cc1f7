//! Renders the answer as HTML: Markdown with markers as links and spans, sanitised.
//!
//! The output has a short list of tags; links lead to pages of the manual only,
//! because neither a manual nor a model that has read one is trusted to send a customer elsewhere.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, TextMergeStream, html};

use super::markers::{Marker, Part, parts};

/// Placeholder of a marker during Markdown parsing; a private character, removed from the input first.
const SLOT: char = '\u{f8ff}';

/// Renders the Markdown of an answer about `product_id`; `page` is the word for a page in links.
pub(super) fn render(markdown: &str, product_id: &str, page: &str) -> String {
    let mut slots: Vec<String> = Vec::new();
    let mut source = String::with_capacity(markdown.len());
    for part in parts(&markdown.replace(SLOT, "")) {
        match part {
            Part::Text(text) => source.push_str(text),
            Part::Marker(marker) => {
                source.push(SLOT);
                source.push_str(&slots.len().to_string());
                source.push(SLOT);
                slots.push(marker_html(&marker, product_id, page));
            }
        }
    }
    let parser = Parser::new_ext(&source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events = TextMergeStream::new(parser).filter_map(without_ways_out);
    let events = events.flat_map(|event| match event {
        Event::Text(text) if text.contains(SLOT) => filled(&text, &slots),
        // A marker inside code is still a marker.
        Event::Code(text) if text.contains(SLOT) => filled(&text, &slots),
        event => vec![event],
    });
    let mut out = String::with_capacity(source.len() * 2);
    html::push_html(&mut out, events);
    sanitiser().clean(&out).to_string()
}

/// A fixed sentence as an escaped HTML paragraph.
pub fn html_paragraph(text: &str) -> String {
    format!("<p>{}</p>", ammonia::clean_text(text))
}

/// The address of a page of a product's manual.
pub(super) fn page_url(product_id: &str, page: u32) -> String {
    let id: String = url::form_urlencoded::byte_serialize(product_id.as_bytes()).collect();
    format!("/manuals/{}#page={page}", id.replace('+', "%20"))
}

/// Raw HTML becomes text, pictures and links their words: neither loads nor links anything.
fn without_ways_out(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
        | Event::End(TagEnd::Link | TagEnd::Image | TagEnd::HtmlBlock) => None,
        event => Some(event),
    }
}

/// Text with its placeholders replaced.
fn filled<'a>(text: &str, slots: &[String]) -> Vec<Event<'a>> {
    let piece = |(at, piece): (usize, &str)| {
        if at % 2 == 0 {
            return Event::Text(CowStr::from(piece.to_owned()));
        }
        let slot = piece.parse().ok().and_then(|slot: usize| slots.get(slot));
        Event::InlineHtml(CowStr::from(slot.cloned().unwrap_or_default()))
    };
    text.split(SLOT).enumerate().map(piece).collect()
}

fn marker_html(marker: &Marker, product_id: &str, page: &str) -> String {
    match marker {
        Marker::Manual(pages) => {
            let link = |number: &u32| {
                format!(
                    "<a class=\"citation\" href=\"{}\">{page} {number}</a>",
                    page_url(product_id, *number)
                )
            };
            pages.iter().map(link).collect::<Vec<_>>().join(" ")
        }
        Marker::Suggestion(name) => {
            format!("<span class=\"suggestion\">{}</span>", ammonia::clean_text(name))
        }
        Marker::Tip(words) => format!("<span class=\"tip\">{}</span>", ammonia::clean_text(words)),
    }
}

/// The tags of an answer. None of them loads or runs anything.
const TAGS: &str = "a p br strong em del code pre ol ul li span blockquote h1 h2 h3 h4 h5 h6 hr \
                    table thead tbody tr th td";

fn sanitiser() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.split(' ').collect())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .allowed_classes(HashMap::from([
            ("a", HashSet::from(["citation"])),
            ("span", HashSet::from(["suggestion", "tip"])),
        ]))
        .url_schemes(HashSet::new())
        .link_rel(None);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_is_a_link_to_the_page() {
        assert_eq!(
            render("Press it. [MANUAL: page 12]", "acme/td 17", "page"),
            "<p>Press it. <a class=\"citation\" href=\"/manuals/acme%2Ftd%2017#page=12\">page 12</a></p>\n"
        );
    }

    #[test]
    fn suggestions_and_tips_are_spans_and_their_content_is_text() {
        let html = render("[SUGGESTION: A <b>stand</b>] [PRO TIP: use *two* hands]", "p", "page");
        assert!(
            html.contains("<span class=\"suggestion\">A &lt;b&gt;stand&lt;/b&gt;</span>"),
            "{html}"
        );
        assert!(html.contains("<span class=\"tip\">use *two* hands</span>"), "{html}");
    }

    #[test]
    fn html_is_shown_as_text() {
        let html = render(
            "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> **bold**",
            "p",
            "page",
        );
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
        assert!(html.contains("<strong>bold</strong>") || html.contains("**bold**"), "{html}");
    }

    #[test]
    fn links_and_images_are_not_rendered() {
        let html = render(
            "[click](https://evil.example) ![x](https://evil.example/p.png) <https://evil.example>",
            "p",
            "page",
        );
        assert!(!html.contains("href") && !html.contains("src"), "{html}");
        assert!(html.contains("click"), "{html}");
    }

    #[test]
    fn a_list_retains_its_first_number() {
        assert!(render("3. Press\n4. Hold", "p", "page").contains("<ol start=\"3\">"));
    }

    proptest::proptest! {
        #[test]
        fn no_input_produces_a_script(text in "[<>a-z\\[\\]()*_`!:/ \\n=\"']{0,80}") {
            let html = render(&text, "p", "page");
            proptest::prop_assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<iframe"));
        }
    }
}
