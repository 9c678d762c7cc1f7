//! placeholder of the same shape; the engine lands beside
pub struct Document<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub brand_id: &'a str,
    pub brand: &'a str,
    pub category: &'a str,
    pub model: Option<&'a str>,
    pub aliases: &'a [String],
}
pub struct Index {
    names: Vec<String>,
}
#[derive(Debug, Clone)]
pub struct Hit {
    pub document: u32,
    pub confidence: u8,
    pub score: f32,
    pub matched: Vec<Matched>,
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Name,
    Model,
    Brand,
    Category,
    Id,
    Alias(u16),
}
#[derive(Debug, Clone)]
pub struct Matched {
    pub field: Field,
    pub start: u32,
    pub end: u32,
}
impl Index {
    pub fn build<'a>(documents: impl IntoIterator<Item = Document<'a>>) -> Index {
        Index { names: documents.into_iter().map(|d| d.name.to_lowercase()).collect() }
    }
    pub fn search(&self, query: &str, limit: usize) -> Vec<Hit> {
        let q = query.to_lowercase();
        self.names
            .iter()
            .enumerate()
            .filter(|(_, n)| n.contains(&q))
            .take(limit)
            .map(|(i, _)| Hit { document: i as u32, confidence: 90, score: 1.0, matched: vec![] })
            .collect()
    }
    pub fn memory_bytes(&self) -> usize {
        0
    }
    pub fn len(&self) -> usize {
        self.names.len()
    }
}
