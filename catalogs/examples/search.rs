//! Search as you type over a file of products: with a file of queries it evaluates them, without
//! one it answers what is typed, a line a query.
//!
//!     cargo run --release -p hsc-catalogs --example search -- PRODUCTS.jsonl [QUERIES.jsonl RESULTS.jsonl]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, stdin};

use hsc_catalogs::search::{Document, Index, eval};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [products, queries, results] => {
            let report = eval::evaluate(
                BufReader::new(File::open(products)?),
                BufReader::new(File::open(queries)?),
                BufWriter::new(File::create(results)?),
            )?;
            println!("{report}");
        }
        [products] => converse(products)?,
        _ => return Err("usage: search PRODUCTS.jsonl [QUERIES.jsonl RESULTS.jsonl]".into()),
    }
    Ok(())
}

fn converse(products: &str) -> Result<(), Box<dyn Error>> {
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
