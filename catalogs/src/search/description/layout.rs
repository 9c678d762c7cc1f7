//! Text typed with the wrong keyboard layout.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The files, one per pair of layouts. A line has the letters of the two layouts on one key.
const FILES: [&str; 1] = [include_str!("layouts/he-en.txt")];

/// One direction of a pair of layouts: typed letter to intended letter.
type Keys = HashMap<char, char>;

fn layouts() -> &'static [Keys] {
    static LAYOUTS: LazyLock<Vec<Keys>> = LazyLock::new(|| {
        let mut layouts = Vec::new();
        for file in FILES {
            let (mut there, mut back) = (Keys::new(), Keys::new());
            for line in file.lines().filter(|line| !line.starts_with("# ")) {
                let mut keys = line.split_whitespace().filter_map(|key| key.chars().next());
                if let (Some(one), Some(other)) = (keys.next(), keys.next()) {
                    there.insert(one, other);
                    back.insert(other, one);
                }
            }
            layouts.push(there);
            layouts.push(back);
        }
        layouts
    });
    &LAYOUTS
}

/// The text in each other layout, if most of its letters are on that layout's keys.
pub(super) fn other_layouts(typed: &str) -> impl Iterator<Item = String> {
    layouts().iter().filter_map(move |keys| {
        let (mut letters, mut moved, mut text) = (0, 0, String::with_capacity(typed.len()));
        for c in typed.chars() {
            let lower = c.to_lowercase().next().unwrap_or(c);
            letters += usize::from(c.is_alphabetic());
            match keys.get(&lower) {
                Some(&other) => {
                    moved += usize::from(c.is_alphabetic());
                    text.push(other);
                }
                None => text.push(c),
            }
        }
        (moved > 0 && moved == letters).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_keys_are_read_in_the_other_layout() {
        let read = |typed: &str| other_layouts(typed).collect::<Vec<_>>();
        assert_eq!(read("akuo"), ["שלום"]);
        assert_eq!(read("יקךךם 3ץ5"), ["hello 3.5"]);
        assert!(read("hello שלום").is_empty());
        assert!(read("123").is_empty());
    }
}
