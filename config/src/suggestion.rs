//! Suggests a setting for an unknown name.

/// The key that `wrong` is most likely a typo of; `None` when none is close.
pub(crate) fn meant(
    wrong: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let known: Vec<&str> = known.collect();
    let nearest = known.iter().map(|key| (edits(key, wrong), *key)).min();
    // Up to a third of the letters wrong counts as a typo; more is another word.
    if let Some((edits, key)) = nearest
        && edits * 3 <= wrong.len()
    {
        return Some(key);
    }
    // The right name in the wrong section, or in none.
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let mut same = known.iter().filter(|key| last(key) == last(wrong));
    same.next().copied().filter(|_| same.next().is_none())
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognised_and_another_word_is_not() {
        let keys = ["server.port", "server.host", "cache.ttl_ms", "a.max", "b.max"];
        for (wrong, key) in [
            ("server.prot", Some("server.port")),
            ("sevrer.hosts", Some("server.host")),
            ("port", Some("server.port")),
            ("answers.ttl_ms", Some("cache.ttl_ms")),
            ("elsewhere.max", None),
            ("zebra.crossing", None),
        ] {
            assert_eq!(meant(wrong, keys.into_iter()), key, "{wrong}");
        }
    }
}
