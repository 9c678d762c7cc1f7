//! A source as one web page, for manuals that are read in a browser or in a script that the PDF fonts
//! lack.

use std::fmt::Write as _;

use crate::source::{About, NoteKind, Piece, Source, Span, Style};

/// Writes a source as a complete HTML page: contents with links, one section per chapter, no script.
pub fn html(source: &Source) -> String {
    let about = &source.about;
    let direction = about.direction();
    let mut page = String::new();
    let [red, green, blue] = about.colour;
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{direction}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>\n:root {{ --accent: #{red:02x}{green:02x}{blue:02x}; }}\n{STYLE}</style>\n</head>\n<body>\n",
        escaped(&about.language),
        escaped(&about.full_title()),
    );
    header(&mut page, about);
    contents(&mut page, &source.pieces);
    page.push_str("<main>\n");
    let mut open = false;
    for piece in &source.pieces {
        if let Piece::Heading { level: 1, number, .. } = piece {
            if open {
                page.push_str("</section>\n");
            }
            let _ = writeln!(page, "<section id=\"{}\">", anchor(number));
            open = true;
        }
        block(&mut page, piece);
    }
    if open {
        page.push_str("</section>\n");
    }
    let _ = write!(
        page,
        "</main>\n<footer>{} · {}</footer>\n</body>\n</html>\n",
        escaped(&about.edition),
        escaped(&about.code)
    );
    page
}

/// Light or dark by the reader's preference; simple enough for any browser.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
header { border-block-end: 4px solid var(--accent); margin-block-end: 1.5rem; }
h1, h2 { line-height: 1.25; }
section > h2 { border-block-end: 1px solid; padding-block-end: .2em; margin-block-start: 2.5em; }
table { border-collapse: collapse; width: 100%; margin-block: 1em; }
th, td { text-align: start; vertical-align: top; padding: .3em .5em; border-block-end: 1px solid #8886; }
aside { border-inline-start: 4px solid var(--accent); padding: .3em 1em; margin-block: 1em; }
aside.caution { border-color: #b8750d; } aside.warning { border-color: #b32424; } aside.tip { border-color: #2a784a; }
nav ol { list-style: none; padding-inline-start: 1.2em; }
";

fn header(page: &mut String, about: &About) {
    let _ = write!(
        page,
        "<header>\n<p>{}</p>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n",
        escaped(&about.maker),
        escaped(&about.product),
        escaped(&about.title),
    );
}

fn contents(page: &mut String, pieces: &[Piece]) {
    page.push_str("<nav>\n<ol>\n");
    for piece in pieces {
        if let Piece::Heading { level: 1, number, text } = piece {
            let _ = writeln!(
                page,
                "<li><a href=\"#{}\">{number} {}</a></li>",
                anchor(number),
                escaped(text)
            );
        }
    }
    page.push_str("</ol>\n</nav>\n");
}

fn block(page: &mut String, piece: &Piece) {
    match piece {
        Piece::Heading { level, number, text } => {
            // The page has one h1, its product: a chapter is an h2.
            let tag = level + 1;
            let id =
                if *level == 2 { format!(" id=\"{}\"", anchor(number)) } else { String::new() };
            let space = if number.is_empty() { "" } else { " " };
            let _ = writeln!(page, "<h{tag}{id}>{number}{space}{}</h{tag}>", escaped(text));
        }
        Piece::Paragraph(spans) => {
            let _ = writeln!(page, "<p>{}</p>", inline(spans));
        }
        Piece::Steps(items) => list(page, "ol", items),
        Piece::Bullets(items) => list(page, "ul", items),
        Piece::Table { head, rows } => {
            page.push_str("<table>\n<thead>\n");
            row(page, "th", head);
            page.push_str("</thead>\n<tbody>\n");
            rows.iter().for_each(|cells| row(page, "td", cells));
            page.push_str("</tbody>\n</table>\n");
        }
        Piece::Note { kind, pieces } => {
            let class = match kind {
                NoteKind::Note => "note",
                NoteKind::Tip => "tip",
                NoteKind::Caution => "caution",
                NoteKind::Warning => "warning",
            };
            let _ = writeln!(page, "<aside class=\"{class}\">");
            pieces.iter().for_each(|piece| block(page, piece));
            page.push_str("</aside>\n");
        }
        Piece::Code(lines) => {
            let _ = writeln!(page, "<pre><code>{}</code></pre>", escaped(&lines.join("\n")));
        }
    }
}

fn list(page: &mut String, tag: &str, items: &[Vec<Piece>]) {
    let _ = writeln!(page, "<{tag}>");
    for item in items {
        page.push_str("<li>");
        match item.as_slice() {
            [Piece::Paragraph(spans)] => page.push_str(&inline(spans)),
            pieces => {
                page.push('\n');
                pieces.iter().for_each(|piece| block(page, piece));
            }
        }
        page.push_str("</li>\n");
    }
    let _ = writeln!(page, "</{tag}>");
}

fn row(page: &mut String, tag: &str, cells: &[Vec<Span>]) {
    page.push_str("<tr>");
    for cell in cells {
        let _ = write!(page, "<{tag}>{}</{tag}>", inline(cell));
    }
    page.push_str("</tr>\n");
}

fn inline(spans: &[Span]) -> String {
    let mut out = String::new();
    for span in spans {
        let text = escaped(&span.text);
        let _ = match span.style {
            Style::Plain => write!(out, "{text}"),
            Style::Bold => write!(out, "<strong>{text}</strong>"),
            Style::Italic => write!(out, "<em>{text}</em>"),
            Style::Code => write!(out, "<code>{text}</code>"),
        };
    }
    out
}

fn anchor(number: &str) -> String {
    format!("s{}", number.replace('.', "-"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
