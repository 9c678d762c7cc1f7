//! Detects text that a wrong character map of a font turned into other signs.

/// Minimum Latin letters of a page to be judged. A page of a few labels has fewer.
const ENOUGH: usize = 60;
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

/// True when the words of a page cannot be words of a language in Latin script. Other scripts
/// are not judged: a wrong map gives Latin letters and signs.
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
    letters >= ENOUGH && letters > others && likelihood / (letters as f32) < LEAST
}

/// The letter without its accent.
fn base(letter: char) -> char {
    use unicode_normalization::UnicodeNormalization as _;
    if letter.is_ascii() { letter } else { letter.nfd().next().unwrap_or(letter) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
