//! The language of each passage, and text that is of no language.
//!
//! A manual in several languages changes between them at a section, a page or a column, so a passage is classified
//! together with its neighbours under the same heading; a passage that is too short takes the language of its
//! surroundings. Scripts that only one language uses decide at once.

use hsc_catalogs::Passage;
use unicode_normalization::UnicodeNormalization as _;
use whatlang::{Detector, Lang};

/// Letters from which a text is classified. Three short sentences: names of parts and lists of figures have fewer.
const ENOUGH: usize = 120;
/// Most letters that are used. More adds nothing.
const SAMPLE: usize = 2_000;

/// Languages that a list of names and figures is easily mistaken for, and that few manuals use.
#[rustfmt::skip]
const UNLIKELY: [Lang; 11] = [
    Lang::Epo, Lang::Lat, Lang::Yid, Lang::Jav, Lang::Tgl, Lang::Aka, Lang::Zul, Lang::Sna, Lang::Uzb,
    Lang::Tuk, Lang::Cym,
];

/// Sets the language of each passage.
pub(super) fn mark(passages: &mut [Passage]) {
    let mut languages: Vec<Option<Lang>> = vec![None; passages.len()];
    let mut at = 0;
    while at < passages.len() {
        // The passages of a section on one page, and, if they are too short, the following ones of that page.
        let mut text = String::new();
        let mut end = at;
        while end < passages.len()
            && (end == at
                || passages[end].page == passages[at].page
                    && (passages[end].headings == passages[at].headings || letters(&text) < ENOUGH))
        {
            text.push_str(&passages[end].text());
            text.push('\n');
            end += 1;
        }
        languages[at..end].fill(language(&text));
        at = end;
    }
    // An unclassified passage takes the language before it on its page, else after it, else before it anywhere.
    for at in 0..languages.len() {
        if languages[at].is_some() {
            continue;
        }
        let page = passages[at].page;
        let on_page = |other: &usize| passages[*other].page == page && languages[*other].is_some();
        let near = (0..at).rev().take_while(|other| passages[*other].page == page).find(on_page);
        let near = near.or_else(|| {
            (at..languages.len()).take_while(|other| passages[*other].page == page).find(on_page)
        });
        let near = near.or_else(|| at.checked_sub(1).filter(|before| languages[*before].is_some()));
        languages[at] = near.and_then(|near| languages[near]);
    }
    // The text before the first classified passage most likely has its language.
    if let Some(first) = languages.iter().position(Option::is_some) {
        let language = languages[first];
        languages[..first].fill(language);
    }
    for (passage, language) in passages.iter_mut().zip(languages) {
        passage.language = language.map(code);
    }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|letter| letter.is_alphabetic()).count()
}

/// The language of a text; `None` when it is too short or mixed.
fn language(text: &str) -> Option<Lang> {
    // Words in capitals and words with digits are names and fit any language.
    let is_word = |word: &&str| {
        word.chars().any(char::is_alphabetic)
            && !word.chars().any(|letter| letter.is_ascii_digit())
            && !(word.chars().count() > 1
                && word.chars().all(|letter| !letter.is_lowercase() && letter.is_ascii()))
    };
    let words: Vec<&str> = text.split_whitespace().filter(is_word).collect();
    let text = words.join(" ");
    let end = text.char_indices().nth(SAMPLE).map_or(text.len(), |(end, _)| end);
    let about = Detector::with_denylist(UNLIKELY.to_vec()).detect(&text[..end])?;
    let is_own_script = !matches!(
        about.script(),
        whatlang::Script::Latin
            | whatlang::Script::Cyrillic
            | whatlang::Script::Arabic
            | whatlang::Script::Devanagari
    );
    (is_own_script || letters(&text) >= ENOUGH && about.is_reliable()).then_some(about.lang())
}

/// The languages with a code of ISO 639-1.
#[rustfmt::skip]
const SHORT_CODES: [(Lang, &str); 52] = [
    (Lang::Eng, "en"), (Lang::Deu, "de"), (Lang::Fra, "fr"), (Lang::Spa, "es"), (Lang::Ita, "it"),
    (Lang::Por, "pt"), (Lang::Nld, "nl"), (Lang::Swe, "sv"), (Lang::Dan, "da"), (Lang::Nob, "nb"),
    (Lang::Fin, "fi"), (Lang::Pol, "pl"), (Lang::Ces, "cs"), (Lang::Slk, "sk"), (Lang::Slv, "sl"),
    (Lang::Hrv, "hr"), (Lang::Srp, "sr"), (Lang::Hun, "hu"), (Lang::Ron, "ro"), (Lang::Bul, "bg"),
    (Lang::Mkd, "mk"), (Lang::Rus, "ru"), (Lang::Ukr, "uk"), (Lang::Bel, "be"), (Lang::Ell, "el"),
    (Lang::Tur, "tr"), (Lang::Aze, "az"), (Lang::Heb, "he"), (Lang::Ara, "ar"), (Lang::Pes, "fa"),
    (Lang::Urd, "ur"), (Lang::Hin, "hi"), (Lang::Mar, "mr"), (Lang::Nep, "ne"), (Lang::Ben, "bn"),
    (Lang::Tam, "ta"), (Lang::Tel, "te"), (Lang::Kan, "kn"), (Lang::Mal, "ml"), (Lang::Guj, "gu"),
    (Lang::Pan, "pa"), (Lang::Tha, "th"), (Lang::Vie, "vi"), (Lang::Ind, "id"), (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"), (Lang::Cmn, "zh"), (Lang::Est, "et"), (Lang::Lav, "lv"), (Lang::Lit, "lt"),
    (Lang::Cat, "ca"), (Lang::Afr, "af"),
];

/// The code of ISO 639-1, else that of ISO 639-3.
fn code(language: Lang) -> String {
    let short = SHORT_CODES.iter().find(|(known, _)| *known == language);
    short.map_or(language.code(), |(_, code)| *code).to_owned()
}

/// Minimum Latin letters of a page that is judged for gibberish. A page of a few labels has fewer.
const JUDGED: usize = 60;
/// Frequency of each letter per thousand letters of European languages in Latin script: a mean
/// over English, German, French, Spanish, Italian, Dutch, Polish and Czech, without accents.
const FREQUENCY: [f32; 26] = [
    79.0, 15.0, 32.0, 38.0, 145.0, 14.0, 16.0, 30.0, 74.0, 4.0, 8.0, 46.0, 28.0, 78.0, 66.0, 26.0,
    5.0, 67.0, 68.0, 66.0, 34.0, 13.0, 12.0, 3.0, 8.0, 6.0,
];
/// Mean logarithm of a letter's frequency below which a text is gibberish. Of 1,029 pages of real manuals in
/// eight languages the lowest has -3.43 (a table of chords); the same pages with each letter shifted by one
/// to 25 places have less than this in 94 of 100 cases. Short text in Czech may reach -3.47.
const LEAST: f32 = -3.5;

/// True when the words of a page cannot be words of a language in Latin script: a wrong character map of a font has
/// turned its text into other signs. Other scripts are not judged: a wrong map gives Latin letters and signs.
pub(super) fn is_gibberish<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    let sum: f32 = FREQUENCY.iter().sum();
    let (mut likelihood, mut letters, mut others) = (0.0, 0usize, 0usize);
    for word in texts.flat_map(str::split_whitespace) {
        // Words with a digit are names of parts and models; a very long one is joined text.
        if word.len() < 12 && word.chars().any(|letter| letter.is_ascii_digit()) {
            continue;
        }
        for letter in word.chars().filter(|letter| letter.is_alphabetic()) {
            match base(letter).to_ascii_lowercase() {
                plain @ 'a'..='z' => {
                    letters += 1;
                    likelihood += (FREQUENCY[usize::from(plain as u8 - b'a')] / sum).ln();
                }
                _ => others += 1,
            }
        }
    }
    letters >= JUDGED && letters > others && likelihood / (letters as f32) < LEAST
}

/// The letter without its accent.
fn base(letter: char) -> char {
    if letter.is_ascii() { letter } else { letter.nfd().next().unwrap_or(letter) }
}

#[cfg(test)]
mod tests {
    use hsc_catalogs::Block;

    use super::*;

    const ENGLISH: &str = "Hold the green key for three seconds to reset the lamp. The light blinks twice when it \
        is done. Do not switch off the unit while the light blinks, or the settings are lost.";
    const GERMAN: &str = "Halten Sie die grüne Taste drei Sekunden lang gedrückt, um die Lampe zurückzusetzen. Das \
        Licht blinkt zweimal, wenn dies geschehen ist. Schalten Sie das Gerät währenddessen nicht aus.";
    const FRENCH: &str = "Maintenez la touche verte enfoncée pendant trois secondes pour réinitialiser la lampe. Le \
        voyant clignote deux fois lorsque cela est fait. N'éteignez pas l'appareil pendant ce temps.";
    const HEBREW: &str = "לחצו על הכפתור למשך 5 שניות.";

    fn marked(parts: &[(u32, &str, &str)]) -> Vec<String> {
        let mut passages: Vec<Passage> = parts
            .iter()
            .map(|(page, heading, text)| Passage {
                page: *page,
                language: None,
                headings: vec![(*heading).to_owned()],
                opens_section: true,
                contents: false,
                blocks: vec![Block::Paragraph((*text).to_owned())],
            })
            .collect();
        mark(&mut passages);
        passages.into_iter().map(|passage| passage.language.unwrap_or_default()).collect()
    }

    #[test]
    fn each_section_has_its_own_language_even_on_one_page() {
        let parts = [
            (1, "Reset", ENGLISH),
            (1, "Zurücksetzen", GERMAN),
            (2, "Réinitialiser", FRENCH),
            (2, "איפוס", HEBREW),
        ];
        assert_eq!(marked(&parts), ["en", "de", "fr", "he"]);
    }

    #[test]
    fn a_short_passage_takes_the_language_of_its_surroundings() {
        let parts = [
            (1, "Lamp L-5", "MIDI IN"),
            (2, "Reset", ENGLISH),
            (2, "Data", "12 V, 500 mA"),
            (3, "Daten", "12 V, 500 mA"),
            (3, "Zurücksetzen", GERMAN),
        ];
        assert_eq!(marked(&parts), ["en", "en", "en", "de", "de"]);
    }

    #[test]
    fn a_manual_of_figures_only_has_no_language() {
        assert_eq!(marked(&[(1, "1", "12 V | 500 mA")]), [""]);
    }

    fn judged(text: &str) -> bool {
        is_gibberish(std::iter::once(text))
    }

    #[test]
    fn text_of_many_languages_is_text() {
        for text in [
            "Hold the green key for three seconds to reset the lamp. The light blinks twice when it is done.",
            "Halten Sie die grüne Taste drei Sekunden lang gedrückt, um die Lampe zurückzusetzen.",
            "Maintenez la touche verte enfoncée pendant trois secondes pour réinitialiser la lampe.",
            "Przytrzymaj zielony przycisk przez trzy sekundy, aby zresetować lampę i włączyć ją ponownie.",
            "Podržte zelené tlačítko tři vteřiny, dokud kontrolka dvakrát nezabliká, potom jej pusťte.",
        ] {
            assert!(!judged(text), "{text}");
        }
    }

    #[test]
    fn a_short_list_of_parts_is_not_classified() {
        assert!(!judged("DPDT SPST XLR TRS PCB LCD"));
    }

    #[test]
    fn shifted_letters_are_gibberish() {
        let text =
            "the lamp blinks twice and the display shows the number of the program that is loaded";
        let text = format!(
            "{text} hold the green key for three seconds to reset it or turn the dial to choose"
        );
        let shift = |by: u8| -> String {
            let moved =
                |byte| if byte == b' ' { ' ' } else { char::from((byte - b'a' + by) % 26 + b'a') };
            text.bytes().map(moved).collect()
        };
        assert!((1..26).filter(|by| judged(&shift(*by))).count() >= 23);
    }
}
