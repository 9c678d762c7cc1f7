//! `/api/products/{id}`: the catalog's data of one product, and the sections of its manual.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use hsc_catalogs::{Block, DocumentationKind, Manual, Product, Suggestion};
use hsc_conversation::answer::ManualRequest;
use hsc_conversation::protocol::{
    ManualLink, ManualSection, ManualSections, OneProduct, PredictionContext,
};
use hsc_conversation::{brand_json, whole_entry};
use log::debug;

use super::scenarios::scenarios_of;
use super::{ApiError, ApiErrorCode, Dependencies};

/// Number of sections: two rows on a phone.
const SECTIONS: usize = 6;
/// Number of candidates: some are not answered by their own pages.
const LIKELY_SECTIONS: usize = 3 * SECTIONS;
/// Longest heading that fits on a button; a longer one is a sentence.
const TITLE_CHARS: usize = 48;

/// The catalog's data of one product.
#[utoipa::path(get, path = "/api/products/{id}", tag = "catalog", params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, body = OneProduct), (status = 404, body = ApiError)))]
#[get("/api/products/{id}")]
pub(super) async fn one_product(
    deps: web::Data<Dependencies>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let catalog = deps.catalog.load();
    let product = catalog.product(&id).ok_or_else(no_such_product)?;
    Ok(HttpResponse::Ok().json(OneProduct {
        product: whole_entry(&catalog, product),
        brand: brand_json(&catalog, product),
        context: PredictionContext { related_items: catalog.related_items(product) },
        manual: manual_link(product),
        scenarios: scenarios_of(product),
    }))
}

/// Sections of the product's manual that a customer is likely to ask about. The manual is loaded as for a question;
/// if that fails, there are no sections.
#[utoipa::path(get, path = "/api/products/{id}/sections", tag = "catalog", params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, body = ManualSections), (status = 404, body = ApiError)))]
#[get("/api/products/{id}/sections")]
pub(super) async fn sections(
    deps: web::Data<Dependencies>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let catalog = deps.catalog.load();
    let product = catalog.product(&id).ok_or_else(no_such_product)?;
    let sections = match product.documentation.clone() {
        None => Vec::new(),
        Some(documentation) => {
            match deps.pod.caches().open(ManualRequest { documentation }).await {
                Ok(manual) => {
                    let product = Arc::clone(product);
                    let likely = likely_sections(&manual);
                    let suggestions = likely.iter().map(Section::suggestion).collect();
                    let confirmed = deps.pod.confirm(product, manual, suggestions).await;
                    offered(likely, &confirmed)
                }
                Err(error) => {
                    debug!(product:% = product.id, code = error.code; "manual has no sections to offer");
                    Vec::new()
                }
            }
        }
    };
    Ok(HttpResponse::Ok().json(ManualSections { sections }))
}

pub(super) fn no_such_product() -> ApiError {
    ApiError::new(ApiErrorCode::NoSuchProduct, "The catalog has no product with this id.")
}

fn manual_link(of: &Product) -> Option<ManualLink> {
    let documentation = of.documentation.as_ref()?;
    let kind = match documentation.kind {
        DocumentationKind::Pdf => "pdf",
        DocumentationKind::Html => "html",
    };
    Some(ManualLink { url: format!("/manuals/{}", of.id), kind })
}

/// A section of a manual that may be suggested as a question.
struct Section {
    title: String,
    first_page: u32,
    last_page: u32,
    chapter: Vec<String>,
    has_steps: bool,
    /// Its position in the manual.
    at: usize,
}

impl Section {
    fn suggestion(&self) -> Suggestion {
        Suggestion { text: self.title.clone(), pages: (self.first_page, self.last_page) }
    }
}

/// Sections that a customer is likely to ask about, best first. Sections with steps come first, because customers ask
/// how to do something; then the others. One section of each chapter precedes the second of any chapter, so that they
/// cover different topics.
fn likely_sections(manual: &Manual) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for passage in manual.passages.iter().filter(|passage| !passage.contents) {
        let Some((own, chapter)) = passage.headings.split_last() else { continue };
        let Some(title) = title_of(own) else { continue };
        let has_steps = passage.blocks.iter().any(|block| matches!(block, Block::Step(_)));
        let (page, at) = (passage.page, found.len());
        let is_known = |one: &&mut Section| one.title.to_lowercase() == title.to_lowercase();
        match found.iter_mut().find(is_known) {
            Some(known) => {
                known.has_steps |= has_steps;
                known.last_page = known.last_page.max(page);
            }
            None => found.push(Section {
                title,
                first_page: page,
                last_page: page,
                chapter: chapter.to_vec(),
                has_steps,
                at,
            }),
        }
    }
    let rank = |section: &Section| {
        let of_its_chapter =
            |one: &&Section| one.chapter == section.chapter && one.has_steps == section.has_steps;
        (!section.has_steps, found[..section.at].iter().filter(of_its_chapter).count())
    };
    let ranks: Vec<_> = found.iter().map(rank).collect();
    found.sort_by_key(|section| ranks[section.at]);
    found.truncate(LIKELY_SECTIONS);
    found
}

/// The best of the sections that the manual answers, in the manual's order.
fn offered(likely: Vec<Section>, confirmed: &[bool]) -> Vec<ManualSection> {
    let answered = likely.into_iter().zip(confirmed).filter(|(_, confirmed)| **confirmed);
    let mut best: Vec<Section> = answered.map(|(section, _)| section).take(SECTIONS).collect();
    best.sort_by_key(|section| section.at);
    best.into_iter()
        .map(|Section { title, first_page, .. }| ManualSection { title, page: first_page })
        .collect()
}

/// The heading without its number; none if it is too long for a button or has no words.
fn title_of(heading: &str) -> Option<String> {
    let numbered =
        |c: char| c.is_numeric() || c.is_whitespace() || matches!(c, '.' | ')' | '-' | '–');
    let title = heading.trim_start_matches(numbered).trim();
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 4 && title.chars().count() <= TITLE_CHARS).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn a_title_is_a_heading_without_its_number() {
        assert_eq!(title_of("4.2 Descaling").as_deref(), Some("Descaling"));
        assert_eq!(title_of("3) איפוס").as_deref(), Some("איפוס"));
        assert_eq!(title_of("Resetting the lamp").as_deref(), Some("Resetting the lamp"));
        assert_eq!(title_of("12"), None);
        assert_eq!(title_of("A"), None);
        assert_eq!(title_of(&"long ".repeat(20)), None);
    }
}
