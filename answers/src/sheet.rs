//! Writes the answer: the text for the wire, and the same as Markdown for the HTML.
//!
//! The wire carries plain text with markers; a client of the earlier system shows it as it is. The
//! HTML is made from Markdown. The manual's words are data in both: on the wire they cannot form a
//! marker, in the Markdown every special character is escaped.

/// A piece of the answer that is sent at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// The text for the wire.
    pub text: String,
    /// The same as Markdown.
    pub markdown: String,
}

/// The answer so far.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    chunks: Vec<Chunk>,
}

impl Sheet {
    /// The pieces, in order.
    pub(super) fn into_chunks(self) -> Vec<Chunk> {
        self.chunks
    }

    /// Adds fixed words.
    pub(super) fn ours(&mut self, words: &str) {
        self.push(words.to_owned(), words.to_owned());
    }

    /// Adds the heading of the following words.
    pub(super) fn heading(&mut self, text: &str) {
        let text = harmless(text);
        let text = text.trim_end().trim_end_matches(':');
        self.push(format!("{text}:\n"), format!("**{}**\n\n", escaped(text)));
    }

    /// A sentence of the manual.
    pub(super) fn sentence(&mut self, text: &str) {
        let text = harmless(text);
        self.push(format!("{text} "), format!("{} ", escaped(&text)));
    }

    /// A step or a bullet of the manual, on a line of its own. A step keeps its number.
    pub(super) fn item(&mut self, text: &str) {
        let text = harmless(text);
        match numbered(&text) {
            Some((number, rest)) => {
                self.push(format!("{number}. {rest} "), format!("{number}. {} ", escaped(rest)));
            }
            None => {
                let rest =
                    text.trim_start_matches(['•', '-', '–', '*', '·', '▪', '■', '●']).trim_start();
                self.push(format!("- {rest} "), format!("- {} ", escaped(rest)));
            }
        }
    }

    /// A bullet with the words below a heading.
    pub(super) fn quote(&mut self, heading: &str, text: &str) {
        let (heading, text) = (harmless(heading), harmless(text));
        self.push(
            format!("- {heading} – {text} "),
            format!("- **{}** – {} ", escaped(&heading), escaped(&text)),
        );
    }

    /// Begins a table: with its column names, or with this many unnamed columns.
    pub(super) fn table(&mut self, names: Option<&str>, columns: usize) {
        let names = names.map_or_else(|| vec![String::new(); columns], cells);
        let rule = vec!["---"; names.len()].join(" | ");
        let head = |names: Vec<String>| format!("| {} |\n| {rule} |\n", names.join(" | "));
        let markdown = names.iter().map(|name| escaped(name)).collect();
        self.push(head(names), head(markdown));
    }

    /// A row of the open table. The citation of its page is in its last cell.
    pub(super) fn row(&mut self, text: &str) {
        let cells = cells(text);
        let markdown: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        self.push(format!("| {} ", cells.join(" | ")), format!("| {} ", markdown.join(" | ")));
    }

    /// Cites a page, after the words that come from it.
    pub(super) fn cite(&mut self, page: u32) {
        self.onto_last(&format!("[MANUAL: page {page}] "));
    }

    /// Names an accessory.
    pub(super) fn suggest(&mut self, name: &str) {
        let marker = format!("[SUGGESTION: {}] ", harmless(name));
        self.push(marker.clone(), marker);
    }

    /// A tip from the manual.
    pub(super) fn tip(&mut self, text: &str) {
        let marker = format!("[PRO TIP: {}] ", harmless(text));
        self.push(marker.clone(), marker);
    }

    /// Ends the line.
    pub(super) fn line(&mut self) {
        self.onto_last("\n");
    }

    /// Ends the paragraph or the list.
    pub(super) fn paragraph(&mut self) {
        self.onto_last("\n\n");
    }

    fn push(&mut self, text: String, markdown: String) {
        self.chunks.push(Chunk { text, markdown });
    }

    fn onto_last(&mut self, both: &str) {
        if let Some(last) = self.chunks.last_mut() {
            if both.starts_with('\n') {
                last.text.truncate(last.text.trim_end_matches(' ').len());
                last.markdown.truncate(last.markdown.trim_end_matches(' ').len());
            }
            last.text.push_str(both);
            last.markdown.push_str(both);
        }
    }
}

/// The cells of a row, escaped so that none begins another one.
fn cells(row: &str) -> Vec<String> {
    row.split(" | ").map(|cell| harmless(cell).replace('|', "¦")).collect()
}

/// The manual's words on one line, unable to form a marker.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        // A marker begins and ends with a square bracket; round ones read the same and have no meaning.
        out.extend(word.chars().filter(|c| !c.is_control()).map(|c| match c {
            '[' => '(',
            ']' => ')',
            c => c,
        }));
    }
    out
}

/// Escapes every character that is special in Markdown or HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The number of a step and its words.
fn numbered(text: &str) -> Option<(u32, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = text[digits..].strip_prefix(['.', ')', ':'])?;
    // `4.3 Menus` is a section, and `0.5 l` a figure.
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // Markdown numbers have at most nine digits; a manual's steps have two.
    (digits <= 3).then(|| text[..digits].parse().ok().map(|number| (number, rest.trim_start())))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Sheet)) -> Chunk {
        let mut sheet = Sheet::default();
        write(&mut sheet);
        sheet.into_chunks().into_iter().fold(Chunk::default(), |all, next| Chunk {
            text: all.text + &next.text,
            markdown: all.markdown + &next.markdown,
        })
    }

    #[test]
    fn a_figure_and_a_section_number_are_not_step_numbers() {
        let text = |text: &str| written(|sheet| sheet.item(text)).text;
        assert_eq!(text("2. Press it."), "2. Press it. ");
        assert_eq!(text("2.Press it."), "2. Press it. ");
        assert_eq!(text("4.3 Menus"), "- 4.3 Menus ");
        assert_eq!(text("0.5 l of water"), "- 0.5 l of water ");
    }

    #[test]
    fn a_manuals_words_cannot_form_a_marker() {
        let chunk = written(|sheet| sheet.sentence("see [MANUAL: page 99] and [PRO TIP: x]"));
        assert_eq!(chunk.text, "see (MANUAL: page 99) and (PRO TIP: x) ");
    }

    #[test]
    fn a_step_retains_its_number_and_a_bullet_gets_a_dash() {
        assert_eq!(written(|sheet| sheet.item("3) Press *Enter*")).text, "3. Press *Enter* ");
        assert_eq!(
            written(|sheet| sheet.item("3) Press *Enter*")).markdown,
            "3. Press \\*Enter\\* "
        );
        assert_eq!(written(|sheet| sheet.item("• red")).text, "- red ");
    }

    #[test]
    fn a_table_is_one_of_markdown_and_its_last_cell_cites() {
        let table = |names: Option<&str>| {
            let mut sheet = Sheet::default();
            sheet.table(names, 2);
            sheet.row("Weight | 1.2|kg *");
            sheet.cite(5);
            sheet.paragraph();
            let chunks = sheet.into_chunks();
            let text: String = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
            let markdown: String = chunks.iter().map(|chunk| chunk.markdown.as_str()).collect();
            (text, markdown)
        };
        let (text, markdown) = table(Some("Part | Value"));
        assert_eq!(
            text,
            "| Part | Value |\n| --- | --- |\n| Weight | 1.2¦kg * [MANUAL: page 5]\n\n"
        );
        assert!(markdown.ends_with("| Weight | 1\\.2¦kg \\* [MANUAL: page 5]\n\n"), "{markdown}");
        assert!(table(None).0.starts_with("|  |  |\n| --- | --- |\n| Weight"));
    }

    #[test]
    fn a_citation_follows_the_words_it_belongs_to() {
        let chunk = written(|sheet| {
            sheet.sentence("Yes.");
            sheet.cite(4);
            sheet.paragraph();
        });
        assert_eq!(chunk.text, "Yes. [MANUAL: page 4]\n\n");
    }
}
