//! What visitors type and ask: from files, or from the server's catalog.

use std::time::Duration;

use serde::Deserialize;

use super::client::{SocketError, Target};

/// The questions without a file: they suit any product.
const QUESTIONS: [&str; 6] = [
    "How do I reset it to factory settings?",
    "How much does it weigh?",
    "What power supply does it need?",
    "How do I connect it to a computer?",
    "How do I update the firmware?",
    "What does the warranty cover?",
];
/// Time limit for the server's sample; then the run fails.
const SAMPLE_WITHIN: Duration = Duration::from_secs(10);

/// What visitors type and ask.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Names to type, letter by letter.
    pub queries: Vec<String>,
    /// Ids of products to ask about.
    pub products: Vec<String>,
    /// Questions to ask, in turn.
    pub questions: Vec<String>,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    data: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    product: Product,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    name: String,
}

impl Words {
    /// The lines of a file that are not blank.
    pub fn lines(text: &str) -> Vec<String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    }

    /// Fills empty lists: names and products from the server's sample (an empty `typing`), and
    /// questions that suit any product.
    pub(super) async fn complete(&mut self, target: &Target) -> Result<(), String> {
        if self.questions.is_empty() {
            self.questions = QUESTIONS.map(str::to_owned).to_vec();
        }
        if !self.queries.is_empty() && !self.products.is_empty() {
            return Ok(());
        }
        let sample = tokio::time::timeout(SAMPLE_WITHIN, sample(target)).await;
        let products = sample.map_err(|_| format!("{} shows no sample", target.url()))??;
        if self.queries.is_empty() {
            self.queries = products.iter().map(|product| product.name.clone()).collect();
        }
        if self.products.is_empty() {
            self.products = products.into_iter().map(|product| product.id).collect();
        }
        if self.queries.is_empty() || self.products.is_empty() {
            return Err(format!("{} has an empty catalog", target.url()));
        }
        Ok(())
    }
}

async fn sample(target: &Target) -> Result<Vec<Product>, String> {
    let cannot = |why: String| format!("cannot use {}: {why}", target.url());
    let broken = |error: SocketError| cannot(error.to_string());
    let mut socket = target.open(None, false).await.map_err(broken)?;
    socket.send(r#"{"type":"typing","content":""}"#).await.map_err(broken)?;
    let text = socket.receive_text().await.map_err(broken)?;
    let sample: Sample = serde_json::from_str(&text)
        .map_err(|error| cannot(format!("its sample is no prediction: {error}")))?;
    socket.close().await;
    Ok(sample.data.into_iter().map(|hit| hit.product).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_skipped() {
        assert_eq!(Words::lines("td-17\n\n  moog one \r\n"), ["td-17", "moog one"]);
    }
}
