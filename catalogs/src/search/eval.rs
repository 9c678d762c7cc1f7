//! Quality and speed of the search for given products and queries.
//!
//! Reads JSON lines, one product per line (`{"id","brand_id","brand","name","category"}`, optionally
//! `model` and `aliases`) and one query per line (`{"q"}`, other fields are ignored), and writes one
//! result per line (`{"q","ids":[up to 10, best first],"confidence"}`). It judges nothing: a scorer
//! with the right answers compares.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::description::{Described, DescriptionIndex, understand};
use super::{Document, Index};

/// Hits written per query.
const HITS: usize = 10;

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// An invalid line of the products or of the queries.
    #[error("{what}, line {line}: {cause}")]
    Line {
        /// `products` or `queries`.
        what: &'static str,
        /// Line number from 1.
        line: usize,
        /// The parse error.
        #[source]
        cause: serde_json::Error,
    },
    /// Reading or writing failed.
    #[error("reading or writing failed: {0}")]
    Io(#[from] io::Error),
}

/// The measurements of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvalReport {
    /// Products in the index.
    pub products: usize,
    /// Queries that were searched.
    pub queries: usize,
    /// Time to build the index from texts in memory.
    pub build: Duration,
    /// Time to build the index of descriptions.
    pub build_descriptions: Duration,
    /// Memory of the letter index in bytes.
    pub memory_bytes: usize,
    /// The time of each search on one thread, highlighting included, in ascending order.
    pub keystrokes: Vec<Duration>,
    /// The time to interpret each whole text, as after a pause, in ascending order.
    pub pauses: Vec<Duration>,
}

impl fmt::Display for EvalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} products, {} queries", self.products, self.queries)?;
        writeln!(
            f,
            "index: built in {:.1} ms, {:.1} MiB",
            self.build.as_secs_f64() * 1e3,
            self.memory_bytes as f64 / (1024.0 * 1024.0)
        )?;
        let micros = |times: &[Duration], percent| percentile(times, percent).as_secs_f64() * 1e6;
        writeln!(
            f,
            "index of descriptions: built in {:.1} ms",
            self.build_descriptions.as_secs_f64() * 1e3
        )?;
        writeln!(
            f,
            "a keystroke: p50 {:.0} µs, p95 {:.0} µs, p99 {:.0} µs",
            micros(&self.keystrokes, 50),
            micros(&self.keystrokes, 95),
            micros(&self.keystrokes, 99)
        )?;
        write!(
            f,
            "a text after a pause: p50 {:.0} µs, p99 {:.0} µs",
            micros(&self.pauses, 50),
            micros(&self.pauses, 99)
        )
    }
}

#[derive(Deserialize)]
struct ProductLine {
    id: String,
    #[serde(default)]
    brand_id: String,
    #[serde(default)]
    brand: String,
    name: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    description: String,
    /// Whether it has a manual.
    #[serde(default)]
    manual: bool,
}

impl ProductLine {
    fn document(&self) -> Document<'_> {
        Document {
            id: &self.id,
            name: &self.name,
            brand_id: &self.brand_id,
            brand: &self.brand,
            category: &self.category,
            model: self.model.as_deref(),
            aliases: &self.aliases,
        }
    }
}

#[derive(Deserialize)]
struct QueryLine {
    q: String,
}

#[derive(Serialize)]
struct ResultLine<'a> {
    q: &'a str,
    ids: Vec<&'a str>,
    confidence: u8,
    /// The product that the text names, if it is certain enough, and the rest of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a str>,
}

/// Searches every query over the products and writes the results to `out`.
///
/// # Errors
///
/// The first invalid line, or the first failure to read or write.
pub fn evaluate(
    products: impl BufRead,
    queries: impl BufRead,
    mut out: impl Write,
) -> Result<EvalReport, EvalError> {
    let products: Vec<ProductLine> = lines("products", products)?;
    let queries: Vec<QueryLine> = lines("queries", queries)?;

    let begun = Instant::now();
    let index = Index::build(products.iter().map(ProductLine::document));
    let build = begun.elapsed();
    let descriptions = DescriptionIndex::build(products.iter().map(|product| Described {
        document: product.document(),
        description: &product.description,
        has_manual: product.manual,
    }));
    let build_descriptions = begun.elapsed() - build;

    let mut keystrokes = Vec::with_capacity(queries.len());
    let mut pauses = Vec::with_capacity(queries.len());
    for query in &queries {
        let begun = Instant::now();
        let _ = index.search(&query.q, HITS);
        keystrokes.push(begun.elapsed());
        let begun = Instant::now();
        let understood = understand(&index, &descriptions, &query.q, HITS, None);
        pauses.push(begun.elapsed());
        let (hits, detected) = (understood.hits, understood.detected);
        let line = ResultLine {
            q: &query.q,
            ids: hits.iter().map(|hit| products[hit.document as usize].id.as_str()).collect(),
            confidence: hits.first().map_or(0, |hit| hit.confidence),
            product: detected.as_ref().map(|it| products[it.document as usize].id.as_str()),
            question: detected.as_ref().map(|it| it.question.as_str()),
        };
        serde_json::to_writer(&mut out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;

    keystrokes.sort_unstable();
    pauses.sort_unstable();
    Ok(EvalReport {
        products: products.len(),
        queries: queries.len(),
        build,
        build_descriptions,
        memory_bytes: index.memory_bytes(),
        keystrokes,
        pauses,
    })
}

fn lines<T: for<'de> Deserialize<'de>>(
    what: &'static str,
    input: impl BufRead,
) -> Result<Vec<T>, EvalError> {
    let mut read = Vec::new();
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        read.push(serde_json::from_str(&line).map_err(|cause| EvalError::Line {
            what,
            line: number + 1,
            cause,
        })?);
    }
    Ok(read)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTS: &str = r#"{"id":"acme_1_td17","brand_id":"acme","brand":"ACME","name":"Acme TD-17 Drum Kit","category":"drums"}
{"id":"bolt_1_x5","brand_id":"bolt","brand":"Bolt","name":"Bolt X5","category":"live"}
"#;

    #[test]
    fn a_result_line_is_written_for_every_query() {
        let mut out = Vec::new();
        let queries = "{\"q\":\"td 17\",\"class\":\"model\"}\n\n{\"q\":\"qqqq\"}\n";
        let report = evaluate(PRODUCTS.as_bytes(), queries.as_bytes(), &mut out).unwrap();
        assert_eq!((report.products, report.queries), (2, 2));
        let out = String::from_utf8(out).unwrap();
        let lines: Vec<serde_json::Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["q"], "td 17");
        assert_eq!(lines[0]["ids"][0], "acme_1_td17");
        assert!(lines[0]["confidence"].as_u64().unwrap() >= 90);
        assert!(lines[1]["confidence"].as_u64().unwrap() < 50);
    }

    #[test]
    fn an_invalid_line_is_reported() {
        let error = evaluate(PRODUCTS.as_bytes(), &b"{\"q\":\"a\"}\n{\"q\":1}\n"[..], Vec::new())
            .unwrap_err();
        assert!(error.to_string().starts_with("queries, line 2: "), "{error}");
    }

    #[test]
    fn the_percentile_of_an_empty_list_is_zero() {
        assert_eq!(percentile(&[], 99), Duration::ZERO);
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 99), Duration::from_millis(99));
        assert_eq!(percentile(&times, 50), Duration::from_millis(50));
    }
}
