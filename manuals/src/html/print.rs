//! Renders a manual as a plain page: the sections with their anchors, without scripts or external resources.

use hsc_catalogs::{Block, Manual};

/// The style of the page. Readable without external resources, in the browser's own colours.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;\
padding:0 1rem;color-scheme:light dark}section:target{outline:2px solid;outline-offset:.5rem}\
pre{white-space:pre-wrap}.row{border-bottom:1px solid #8884}";

/// The manual as HTML. Every text is escaped; the page has no link, script or picture.
pub fn print(manual: &Manual) -> String {
    let mut page = String::from("<!doctype html><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\"><title>");
    escape(&mut page, &manual.title);
    page.push_str("</title><style>");
    page.push_str(STYLE);
    page.push_str("</style>\n");
    for section in &manual.pages {
        page.push_str(&format!("<section id=\"page={}\" dir=\"auto\">\n", section.number));
        let mut headings = manual.outline.iter().filter(|heading| heading.page == section.number);
        for passage in manual.passages.iter().filter(|passage| passage.page == section.number) {
            if passage.opens_section {
                // Headings without content come before the one that opens this passage.
                for heading in headings.by_ref() {
                    tag(&mut page, &format!("h{}", heading.level.clamp(1, 6)), &heading.text);
                    if Some(&heading.text) == passage.headings.last() {
                        break;
                    }
                }
            }
            for block in &passage.blocks {
                match block {
                    Block::Paragraph(text) if text.contains('\n') => tag(&mut page, "pre", text),
                    Block::Bullet(text) => tag(&mut page, "p", &format!("• {text}")),
                    Block::Row(text) | Block::ColumnNames(text) => {
                        page.push_str("<p class=\"row\">");
                        escape(&mut page, text);
                        page.push_str("</p>\n");
                    }
                    other => tag(&mut page, "p", other.text()),
                }
            }
        }
        for heading in headings {
            tag(&mut page, &format!("h{}", heading.level.clamp(1, 6)), &heading.text);
        }
        page.push_str("</section>\n");
    }
    page
}

fn tag(page: &mut String, name: &str, text: &str) {
    page.push_str(&format!("<{name}>"));
    escape(page, text);
    page.push_str(&format!("</{name}>\n"));
}

fn escape(page: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            letter => page.push(letter),
        }
    }
}
