//! Search as you type over a file of products: answers what is typed, a line a query. A file of queries is evaluated
//! by `hsc catalog search-eval`.
//!
//!     cargo run --release -p hsc-catalogs --example search -- PRODUCTS.jsonl

use std::error::Error;
use std::io::stdin;

use hsc_catalogs::search::{Document, Index};

fn main() -> Result<(), Box<dyn Error>> {
    let products = std::env::args().nth(1).ok_or("usage: search PRODUCTS.jsonl")?;
    let products = std::fs::read_to_string(products)?;
    let products: Vec<serde_json::Value> =
        products.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let text = |product: usize, key: &str| products[product][key].as_str().unwrap_or_default();
    let index = Index::build((0..products.len()).map(|product| Document {
        id: text(product, "id"),
        name: text(product, "name"),
        brand_id: text(product, "brand_id"),
        brand: text(product, "brand"),
        category: text(product, "category"),
        model: products[product]["model"].as_str(),
        aliases: &[],
    }));
    for line in stdin().lines() {
        for hit in index.search(&line?, 5) {
            let product = hit.document as usize;
            println!(
                "{:3} {:.3} {} [{}] {:?}",
                hit.confidence,
                hit.score,
                text(product, "name"),
                text(product, "id"),
                hit.matched
            );
        }
        println!();
    }
    Ok(())
}
