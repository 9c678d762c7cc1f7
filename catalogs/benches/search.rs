//! Search as you type: duration of a search in 18,000 and in 1,000,000 products, and of a build.
//!
//!     cargo bench -p hsc-catalogs --bench search
//!
//! Criterion reports means; the percentiles of the targets are printed before them. The time of a
//! query is its median over [`PASSES`] passes over all queries: on a shared machine one search in a
//! hundred is interrupted for milliseconds, and a p99 of single searches would measure that. No query
//! runs twice in a row, so that none finds a warm cache.
//! The products are generated, the same in every run. `HSC_BENCH_SMALL=1` omits the million.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hsc_catalogs::search::{Document, Index};
use rand::{Rng, RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Passes over all queries, odd so that one is in the middle.
const PASSES: usize = 5;

struct Product {
    id: String,
    name: String,
    brand_id: String,
    brand: String,
    category: &'static str,
    model: Option<String>,
    aliases: Vec<String>,
}

/// Kinds of products: the words of their names, in English and Hebrew, and their category.
const KINDS: &[(&str, &str, &str)] = &[
    ("Electric Guitar", "גיטרה חשמלית", "guitars"),
    ("Acoustic Guitar", "גיטרה אקוסטית", "guitars"),
    ("Electro-Acoustic Bass", "בס אקוסטי מוגבר", "guitars"),
    ("Synthesizer", "סינתיסייזר", "keys"),
    ("Stage Piano", "פסנתר במה", "keys"),
    ("Digital Piano", "פסנתר חשמלי", "keys"),
    ("Electronic Drum Kit", "סט תופים אלקטרוניים", "drums"),
    ("Snare Drum", "תוף סנר", "drums"),
    ("Ride Cymbal", "מצילת רייד", "drums"),
    ("Coated Drumhead", "עור לתוף", "drums"),
    ("Condenser Microphone", "מיקרופון קונדנסר", "studio"),
    ("Audio Interface", "ממשק שמע", "studio"),
    ("Studio Monitor", "מוניטור אולפני", "studio"),
    ("Active Subwoofer", "סאבוופר מוגבר", "live"),
    ("Mixer Dust Cover", "כיסוי למיקסר", "accessories"),
    ("Keyboard Bag", "תיק לקלידים", "accessories"),
    ("Microphone Stand", "סטנד למיקרופון", "live"),
    ("Speaker Cable", "כבל רמקול", "accessories"),
    ("Distortion Pedal", "פדל דיסטורשן", "guitars"),
    ("Reverb Pedal", "פדל ריוורב", "guitars"),
    ("Guitar Amplifier", "מגבר לגיטרה", "guitars"),
    ("Sustain Pedal", "פדל ססטיין", "keys"),
    ("Wireless System", "מערכת אלחוטית", "live"),
    ("Concert Ukulele", "יוקללה קונצרט", "guitars"),
];
const FINISHES: &[&str] = &[
    "Black",
    "White",
    "Natural",
    "Sunburst",
    "Cherry Red",
    "Satin Blue",
    "Midnight",
    "Limited Edition",
    "MK2",
    "MK3",
    "Pro",
    "Standard",
    "Deluxe",
    "Custom",
    "Compact",
    "Studio",
    "Stereo",
    "Junior",
];
const SYLLABLES: &[&str] = &[
    "al", "bor", "cas", "dyn", "el", "fen", "gra", "har", "is", "jun", "kor", "lan", "mar", "nor",
    "or", "pel", "quin", "ros", "sol", "tam", "ul", "ver", "wes", "xan", "yam", "zed", "ton", "ia",
    "co", "ex", "ar", "ine",
];
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn invented(random: &mut impl Rng, from: usize, to: usize) -> String {
    let mut name: String = (0..random.random_range(from..=to))
        .map(|_| *SYLLABLES.choose(random).expect("there are syllables"))
        .collect();
    name[..1].make_ascii_uppercase();
    name
}

fn model(random: &mut impl Rng) -> String {
    let mut model = String::new();
    for _ in 0..random.random_range(1..=4) {
        model.push(char::from(*LETTERS.choose(random).expect("there are letters")));
    }
    model.push_str(["-", "", "", " "].choose(random).expect("there are joints"));
    let digits = random.random_range(1..=4);
    write!(model, "{}", random.random_range(1..10u32.pow(digits)))
        .expect("a string takes everything");
    for _ in 0..random.random_range(0..=3) {
        model.push(char::from(*LETTERS.choose(random).expect("there are letters")));
    }
    model
}

fn products(count: usize) -> Vec<Product> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let brands: Vec<String> = (0..130)
        .map(|number| match number % 4 {
            0 => format!("{} {}", invented(&mut random, 1, 2), invented(&mut random, 1, 2)),
            _ => invented(&mut random, 2, 3),
        })
        .collect();
    let series: Vec<String> = (0..400 + count / 400).map(|_| invented(&mut random, 2, 3)).collect();
    (0..count)
        .map(|_| {
            let brand = brands.choose(&mut random).expect("there are brands");
            let (english, hebrew, category) = KINDS.choose(&mut random).expect("there are kinds");
            let model = model(&mut random);
            let mut name = format!("{brand} {model}");
            if random.random_bool(0.5) {
                write!(name, " {}", series.choose(&mut random).expect("there are series"))
                    .expect("a string");
            }
            let is_hebrew = random.random_bool(0.33);
            if is_hebrew {
                name = format!("{hebrew} {name}");
            } else if random.random_bool(0.7) {
                write!(name, " {english}").expect("a string");
            }
            if random.random_bool(0.4) {
                write!(name, " {}", FINISHES.choose(&mut random).expect("there are finishes"))
                    .expect("a string");
            }
            let glued: String = model.chars().filter(char::is_ascii_alphanumeric).collect();
            let brand_id = brand.to_lowercase().replace(' ', "-");
            Product {
                id: format!(
                    "{}_{}_{}",
                    brand_id.replace('-', "_"),
                    random.random_range(10..99),
                    glued.to_lowercase()
                ),
                name,
                brand_id,
                brand: brand.clone(),
                category,
                model: random.random_bool(0.5).then_some(model),
                aliases: Vec::new(),
            }
        })
        .collect()
}

fn index(products: &[Product]) -> Index {
    Index::build(products.iter().map(|product| Document {
        id: &product.id,
        name: &product.name,
        brand_id: &product.brand_id,
        brand: &product.brand,
        category: product.category,
        model: product.model.as_deref(),
        aliases: &product.aliases,
    }))
}

/// Typical input: every kind of spelling in the accuracy table, and each keystroke on
/// the way to a name.
fn queries(products: &[Product], count: usize) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut queries = Vec::with_capacity(count);
    while queries.len() < count {
        let product = products.choose(&mut random).expect("there are products");
        let name = product.name.to_lowercase();
        let letters: Vec<char> = name.chars().collect();
        let model = product.id.rsplit('_').next().expect("an id has parts");
        let query = match queries.len() % 12 {
            0..=2 => letters[..random.random_range(1..=letters.len())].iter().collect(),
            3 => name,
            4 => model.to_owned(),
            5 => model[..model.len().div_ceil(2)].to_owned(),
            6 => format!("{} {model}", product.brand),
            7 => with_typo(&mut random, model),
            8 => with_typo(&mut random, &name),
            9 => {
                let once = with_typo(&mut random, &name);
                with_typo(&mut random, &once)
            }
            10 => {
                let mut words: Vec<&str> = name.split(' ').collect();
                words.reverse();
                words.join(" ")
            }
            _ => with_typo(&mut random, &product.brand.to_lowercase()),
        };
        queries.push(query);
    }
    queries
}

fn with_typo(random: &mut impl Rng, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = random.random_range(0..letters.len());
    let other = char::from(random.random_range(b'a'..=b'z'));
    match random.random_range(0..4) {
        0 => letters.insert(at, other),
        1 if letters.len() > 1 => drop(letters.remove(at)),
        2 if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => letters[at] = other,
    }
    letters.into_iter().collect()
}

fn percentiles(name: &str, index: &Index, queries: &[String]) {
    let mut runs = vec![[Duration::ZERO; PASSES]; queries.len()];
    for pass in 0..PASSES {
        for (query, times) in queries.iter().zip(&mut runs) {
            let begun = Instant::now();
            black_box(index.search(query, 10));
            times[pass] = begun.elapsed();
        }
    }
    let mut times: Vec<(Duration, &str)> = queries
        .iter()
        .zip(&mut runs)
        .map(|(query, times)| {
            times.sort_unstable();
            (times[PASSES / 2], query.as_str())
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].0;
    println!(
        "{name}: p50 {:?}, p95 {:?}, p99 {:?}, longest {:?} ({:?})",
        at(50),
        at(95),
        at(99),
        times[times.len() - 1].0,
        times[times.len() - 1].1.chars().take(60).collect::<String>()
    );
    if std::env::var_os("HSC_BENCH_SLOWEST").is_some() {
        for (time, query) in times.iter().rev().take(25) {
            println!("  {time:?} {query:?}");
        }
    }
}

/// Malicious queries, each the most expensive of its kind that was found.
fn hostile(products: &[Product]) -> Vec<String> {
    let names: Vec<String> =
        products.iter().step_by(products.len() / 8).map(|p| p.name.to_lowercase()).collect();
    vec![
        "a".to_owned(),
        "a".repeat(1_000),
        "ab".repeat(500),
        "a b ".repeat(250),
        "al bor ".repeat(140),
        "alborcasdynelfengrahar".repeat(45),
        "1 ".repeat(500),
        "א".repeat(1_000),
        "גיטרה a1 ".repeat(110),
        "😀".repeat(1_000),
        names.join(" "),
        names.concat(),
        names.join(" ").chars().rev().collect(),
        names.iter().map(|name| name.replace(['a', 'o'], "q")).collect::<Vec<_>>().join(" "),
    ]
}

fn search(criterion: &mut Criterion) {
    let mut sizes = vec![18_000];
    if std::env::var_os("HSC_BENCH_SMALL").is_none() {
        sizes.push(1_000_000);
    }
    for size in sizes {
        let products = products(size);
        let begun = Instant::now();
        let index = index(&products);
        let built = begun.elapsed();
        println!(
            "{size} products: built in {built:?}, {:.1} MiB",
            index.memory_bytes() as f64 / 1_048_576.0
        );
        let queries = queries(&products, 6_000);
        percentiles(&format!("{size} products"), &index, &queries);
        percentiles(&format!("{size} products, hostile queries"), &index, &hostile(&products));
        let mut next = queries.iter().cycle();
        let mut group = criterion.benchmark_group("search");
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("{size} products"), |bencher| {
            bencher.iter(|| index.search(next.next().expect("a cycle does not end"), 10));
        });
        group.finish();
    }
}

fn build(criterion: &mut Criterion) {
    let products = products(18_000);
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10);
    group.bench_function("18000 products", |bencher| {
        bencher.iter_batched(|| (), |()| index(&products), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, build, search);
criterion_main!(benches);
