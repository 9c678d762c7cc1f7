//! The few words an answer adds to the manual's own, in the customer's language.

use hsc_actors::ports::Question;

/// Fixed words in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phrases {
    /// Nothing in the manual fits.
    pub unknown: &'static str,
    /// Before the pages that come closest.
    pub closest: &'static str,
    /// What else can be done then.
    pub person: &'static str,
    /// The same where no page comes close.
    pub only_person: &'static str,
    /// Before pages that say more.
    pub see_also: &'static str,
    /// Before an accessory.
    pub accessory: &'static str,
    /// The model did not answer; what follows is the manual itself.
    pub fallback: &'static str,
    /// The model broke off; what follows is the manual itself.
    pub broke_off: &'static str,
    /// Before a quote on a page, in HTML: the word for page.
    pub page: &'static str,
}

const ENGLISH: Phrases = Phrases {
    unknown: "I don't know: the manual does not seem to answer this.",
    closest: "The closest pages are:",
    person: "If they don't help, ask for a person.",
    only_person: "You can ask for a person.",
    see_also: "See also:",
    accessory: "Made to go with it:",
    fallback: "The assistant is not available right now; here are the manual's own words.",
    broke_off: "The assistant broke off here; these are the manual's own words.",
    page: "page",
};

const HEBREW: Phrases = Phrases {
    unknown: "אין לי תשובה: נראה שהמדריך לא עונה על השאלה.",
    closest: "העמודים הקרובים ביותר הם:",
    person: "אם הם לא עוזרים, אפשר לבקש לדבר עם נציג.",
    only_person: "אפשר לבקש לדבר עם נציג.",
    see_also: "ראו גם:",
    accessory: "אביזר מתאים:",
    fallback: "העוזר אינו זמין כרגע; אלה המילים של המדריך עצמו.",
    broke_off: "העוזר נעצר כאן; אלה המילים של המדריך עצמו.",
    page: "עמוד",
};

impl Phrases {
    /// By the locale the client gave, else by the script the question is written in.
    pub(super) fn of(question: &Question) -> Self {
        let hebrew = match question.locale.as_deref() {
            Some(locale) => {
                let language = locale.split(['-', '_']).next().unwrap_or_default();
                // `iw` is what older systems call Hebrew.
                language.eq_ignore_ascii_case("he") || language.eq_ignore_ascii_case("iw")
            }
            None => question.text.chars().any(|c| ('\u{5d0}'..='\u{5ea}').contains(&c)),
        };
        if hebrew { HEBREW } else { ENGLISH }
    }
}
