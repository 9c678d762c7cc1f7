//! Brands: their names and numbers of products.

use std::collections::HashSet;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::words::{ENDINGS, KINDS, Kind, PLACES, SYLLABLES};
use crate::slug;

/// A brand before its products are made.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) id: String,
    pub(super) name: String,
    /// Its name in Hebrew letters, for brands with Hebrew names.
    pub(super) hebrew: Option<String>,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) founded: u32,
    /// The kinds of products it makes.
    pub(super) kinds: Vec<&'static Kind>,
    /// Prefixes of its model numbers, one per kind.
    pub(super) prefixes: Vec<String>,
    pub(super) products: usize,
}

/// One brand in three has Hebrew names, as in the real catalogs we have seen.
const HEBREW_ONE_IN: u32 = 3;

/// Names the brands and distributes the products: a few are large, most are small, none is empty.
pub(super) fn share_out(chance: &mut ChaCha8Rng, brands: usize, products: usize) -> Vec<Outline> {
    let weights: Vec<usize> =
        (0..brands).map(|_| chance.random_range(1_usize..=12).pow(2)).collect();
    let total: usize = weights.iter().sum();
    let spare = products - brands;
    let mut remaining = spare;
    let mut shares: Vec<usize> = weights
        .iter()
        .map(|weight| {
            let share = spare * weight / total;
            remaining -= share;
            share + 1
        })
        .collect();
    // The rest after rounding: less than one per brand.
    for share in shares.iter_mut().take(remaining) {
        *share += 1;
    }
    let mut taken = HashSet::new();
    shares.into_iter().map(|products| outline(chance, products, &mut taken)).collect()
}

fn outline(chance: &mut ChaCha8Rng, products: usize, taken: &mut HashSet<String>) -> Outline {
    let (name, hebrew) = name(chance, taken);
    let (city, country) = *PLACES.choose(chance).expect("there are places");
    let many = chance.random_range(1..=4);
    let mut kinds: Vec<&'static Kind> = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    for kind in KINDS.sample(chance, many) {
        kinds.push(kind);
        let mut prefix = letters(chance);
        while prefixes.contains(&prefix) {
            prefix = letters(chance);
        }
        prefixes.push(prefix);
    }
    Outline {
        id: slug(&name),
        hebrew: (chance.random_range(0..HEBREW_ONE_IN) == 0).then_some(hebrew),
        name,
        city,
        country,
        founded: chance.random_range(1921..=2019),
        kinds,
        prefixes,
        products,
    }
}

/// A unique name, in Latin and Hebrew letters.
fn name(chance: &mut ChaCha8Rng, taken: &mut HashSet<String>) -> (String, String) {
    loop {
        let long = chance.random_range(2..=3);
        let parts: Vec<&(&str, &str)> =
            (0..long).map(|_| SYLLABLES.choose(chance).expect("there are syllables")).collect();
        let latin: String = parts.iter().map(|(latin, _)| *latin).collect();
        let hebrew: String = parts.iter().map(|(_, hebrew)| *hebrew).collect();
        // An ending does not make a name unique: customers leave it out.
        if taken.insert(latin.clone()) || taken.len() >= NAMES {
            let number =
                if taken.len() >= NAMES { format!(" {}", taken.len()) } else { String::new() };
            if !number.is_empty() {
                taken.insert(format!("{latin}{number}"));
            }
            let (first, rest) = latin.split_at(1);
            let ending = ENDINGS.choose(chance).expect("there are endings");
            return (format!("{}{rest}{ending}{number}", first.to_uppercase()), hebrew);
        }
    }
}

/// Above this number of brands free names become rare: a number is added.
const NAMES: usize = 6_000;

/// One to three capitals, without I and O, which look like digits.
fn letters(chance: &mut ChaCha8Rng) -> String {
    const CAPITALS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
    let long = *[1, 2, 2, 2, 3].choose(chance).expect("there are lengths");
    (0..long).map(|_| char::from(*CAPITALS.choose(chance).expect("there are letters"))).collect()
}
