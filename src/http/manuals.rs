//! A product's manual: its sections (`/api/products/{id}/sections`), and the file as its maker published it
//! (`/manuals/{product_id}`).
//!
//! The file is untrusted. A PDF is shown by the browser's viewer, which runs nothing in our origin; a web page is put
//! into a sandbox without an origin and without scripts.

use std::sync::Arc;

use actix_files::NamedFile;
use actix_web::http::header::{
    self, ContentDisposition, ContentEncoding, DispositionParam, DispositionType, HeaderValue,
};
use actix_web::mime::{self, Mime};
use actix_web::{HttpRequest, HttpResponse, get, web};
use hsc_catalogs::{Block, Manual, Suggestion};
use hsc_conversation::answer::ManualRequest;
use hsc_conversation::protocol::{ManualSection, ManualSections};
use log::{debug, warn};

use super::products::no_such_product;
use super::{ApiError, ApiErrorCode, ApiResult, Deps};

/// Number of sections: two rows on a phone.
const SECTIONS: usize = 6;
/// Number of candidates: some are not answered by their own pages.
const LIKELY_SECTIONS: usize = 3 * SECTIONS;
/// Longest heading that fits on a button; a longer one is a sentence.
const TITLE_CHARS: usize = 48;
/// An untrusted web page: it is shown and runs nothing.
const PAGE_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; \
    img-src data:; frame-ancestors 'self'";
/// A PDF: the viewer is a page of the browser, and a stricter policy breaks it.
const PDF_POLICY: &str = "frame-ancestors 'self'";

/// Sections of the product's manual that a customer is likely to ask about. The manual is loaded as for a question;
/// if that fails, there are no sections.
#[utoipa::path(tag = "catalog", params(("id" = String, Path, description = "Id of the product")),
    responses((status = 200, body = ManualSections), (status = 404)))]
#[get("/api/products/{id}/sections")]
pub(super) async fn sections(deps: Deps, id: web::Path<String>) -> ApiResult {
    let catalog = deps.catalog.load();
    let product = catalog.product(&id).ok_or_else(no_such_product)?;
    let sections = match product.documentation.clone() {
        None => Vec::new(),
        Some(documentation) => {
            match deps.pod.caches().open(ManualRequest { documentation }).await {
                Ok(opened) => {
                    let product = Arc::clone(product);
                    let likely = likely_sections(&opened);
                    let suggestions = likely.iter().map(Section::suggestion).collect();
                    let confirmed = deps.pod.confirm(product, opened, suggestions).await;
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
fn likely_sections(Manual { passages, .. }: &Manual) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    for passage in passages.iter().filter(|passage| !passage.contents) {
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

/// The manual's file; with `Range`, a part of it. `#page=N` after the address opens page N.
#[utoipa::path(tag = "catalog",
    params(("product_id" = String, Path, description = "Id of the product"),
        ("Range" = Option<String>, Header, description = "A part of the file, e.g. bytes=0-1023")),
    responses((status = 200, description = "The file", content_type = "application/pdf"),
        (status = 206, description = "The part asked for"), (status = 304, description = "Not changed"),
        (status = 404), (status = 416, description = "The file has no such part"), (status = 502)))]
#[get("/manuals/{product_id}")]
pub(super) async fn manual(
    deps: Deps,
    product_id: web::Path<String>,
    request: HttpRequest,
) -> ApiResult {
    let catalog = deps.catalog.load();
    let product = catalog.product(&product_id).ok_or_else(no_such_product)?;
    let documentation = product.documentation.as_ref().ok_or_else(no_manual)?;
    let original = deps.manual_files.original(documentation).await.map_err(|error| {
        warn!(product:% = product.id, code = error.code, cause:% = error.cause; "manual cannot be shown");
        ApiError::new(ApiErrorCode::ManualUnavailable, error.words)
    })?;
    let media_type: Mime = original.media_type.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM);
    let (extension, policy) = if media_type.essence_str() == mime::APPLICATION_PDF.essence_str() {
        ("pdf", PDF_POLICY)
    } else {
        ("html", PAGE_POLICY)
    };
    let file = web::block(move || NamedFile::open(original.path)).await;
    let file = file.map_err(std::io::Error::other).flatten().map_err(|error| {
        warn!(product:% = product.id, cause:% = error; "manual cannot be opened");
        ApiError::new(ApiErrorCode::ManualUnavailable, "The manual could not be opened just now.")
    })?;
    let name = format!("{}.{extension}", ascii(&hsc_catalogs::slug(&product.id)));
    let disposition = ContentDisposition {
        disposition: DispositionType::Inline,
        parameters: vec![DispositionParam::Filename(name)],
    };
    let mut response = file
        .set_content_type(media_type)
        .set_content_disposition(disposition)
        // Ranges address the bytes of the file; compressed bytes differ.
        .set_content_encoding(ContentEncoding::Identity)
        .into_response(&request);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // The file may be replaced at the same address; its entity tag makes revalidation cheap.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// A file name for a quoted parameter that every browser accepts.
fn ascii(name: &str) -> String {
    let ascii: String = name.chars().filter(char::is_ascii).collect();
    if ascii.is_empty() { "manual".to_owned() } else { ascii }
}

pub(super) fn no_manual() -> ApiError {
    ApiError::new(ApiErrorCode::NoManual, "The catalog has no manual for this product.")
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
