//! The sound of a word: the same key for `phantom` and `fantom`, and for a name and its Hebrew spelling.
//!
//! Vowels are left out, because Hebrew does not write them and listeners confuse them; letters with the same sound
//! share
//! one letter. The key only selects candidates, which are compared further or get less weight.

/// The consonants of a folded word, by their sound.
pub(super) fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let mut key = String::new();
    let mut at = 0;
    while at < letters.len() {
        let (sound, taken) = sound_at(&letters, at);
        for c in sound.chars() {
            if !key.ends_with(c) {
                key.push(c);
            }
        }
        at += taken;
    }
    key
}

fn sound_at(letters: &[char], at: usize) -> (&'static str, usize) {
    let next = letters.get(at + 1).copied();
    match (letters[at], next) {
        ('p', Some('h')) => ("p", 2),
        ('t', Some('h')) => ("t", 2),
        ('c', Some('h')) | ('c', Some('k')) => ("k", 2),
        ('s', Some('h')) => ("s", 2),
        ('d', Some('j')) => ("g", 2),
        ('c', Some('e' | 'i' | 'y')) => ("s", 1),
        ('x', _) if at == 0 => ("s", 1),
        ('x', _) => ("ks", 1),
        ('b' | 'v', _) | ('ב', _) => ("b", 1),
        ('w', _) if at == 0 => ("b", 1),
        ('ו', Some('ו')) => ("b", 2),
        ('ו', _) if at == 0 => ("b", 1),
        ('p' | 'f' | 'פ', _) => ("p", 1),
        ('k' | 'c' | 'q' | 'ק' | 'כ' | 'ח', _) => ("k", 1),
        ('s' | 'z' | 'ס' | 'ש' | 'צ' | 'ז', _) => ("s", 1),
        ('t' | 'ט' | 'ת', _) => ("t", 1),
        ('d' | 'ד', _) => ("d", 1),
        ('g' | 'j' | 'ג', _) => ("g", 1),
        ('l' | 'ל', _) => ("l", 1),
        ('m' | 'מ', _) => ("m", 1),
        ('n' | 'נ', _) => ("n", 1),
        ('r' | 'ר', _) => ("r", 1),
        _ => ("", 1),
    }
}
