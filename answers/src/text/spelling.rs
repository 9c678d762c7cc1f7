//! The edit distance of two spellings.

/// Steps from `a` to `b`, where a step inserts, drops or replaces a letter or swaps two neighbours (restricted
/// Damerau-Levenshtein distance); `None` when there are more than `limit`.
pub(crate) fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, &cb) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(ca != cb);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && a[i - 1] == cb {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        if row.iter().all(|steps| *steps > limit) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|steps| *steps <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_dropped_added_replaced_or_swapped_is_one_step() {
        for (a, b) in
            [("invalid", "inavlid"), ("batery", "battery"), ("pedall", "pedal"), ("tempo", "tampo")]
        {
            assert_eq!(distance(a, b, 2), Some(1), "{a} {b}");
        }
        assert_eq!(distance("pedal", "pedal", 2), Some(0));
        assert_eq!(distance("paterns", "patterns", 1), Some(1));
        assert_eq!(distance("versoins", "version", 2), Some(2));
        assert_eq!(distance("pedal", "metals", 1), None);
        assert_eq!(distance("", "ab", 1), None);
    }

    proptest::proptest! {
        #[test]
        fn the_distance_is_symmetric(a in "[a-d]{0,7}", b in "[a-d]{0,7}") {
            proptest::prop_assert_eq!(distance(&a, &b, 3), distance(&b, &a, 3));
        }
    }
}
