//! Parts of a web page that do not belong to the manual: navigation, scripts, banners, footers.

use scraper::node::Element;

/// Elements that never contain text of a manual.
const ELEMENTS: &[&str] = &[
    "head", "script", "style", "noscript", "template", "nav", "footer", "iframe", "object", "svg",
    "canvas", "audio", "video", "button", "select", "input", "textarea", "form", "dialog", "menu",
];

/// ARIA roles with the same meaning.
const ROLES: &[&str] =
    &["navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog"];

/// Words of a class or an id with the same meaning. Whole words only: `toc` matches,
/// `stock` does not.
const NAMES: &[&str] = &[
    "toc",
    "table-of-contents",
    "tableofcontents",
    "breadcrumb",
    "breadcrumbs",
    "navbar",
    "sidebar",
    "cookie",
    "cookies",
    "cookie-banner",
    "advert",
    "advertisement",
    "share",
    "social",
    "skip-link",
    "pagination",
];

/// True for an element that is dropped with its content. `inside` means that it is in an
/// article, whose own header belongs to the text.
pub(super) fn is_chaff(element: &Element, inside: bool) -> bool {
    let name = element.name();
    let says = |attribute, value: &str| element.attr(attribute).is_some_and(|found| found == value);
    ELEMENTS.contains(&name)
        || (name == "header" && !inside)
        || (name == "aside" && note_word(element).is_none())
        || element.attr("hidden").is_some()
        || says("aria-hidden", "true")
        || element.attr("role").is_some_and(|role| ROLES.contains(&role))
        || words(element).any(|word| NAMES.contains(&word.as_str()))
}

/// The word for a note, if an element is marked as one: `Warning` for `<div class="warning">`.
pub(super) fn note_word(element: &Element) -> Option<&'static str> {
    words(element).find_map(|word| match word.as_str() {
        "note" | "notice" | "info" | "admonition-note" => Some("Note"),
        "tip" | "hint" | "pro-tip" => Some("Tip"),
        "warning" | "warn" => Some("Warning"),
        "caution" | "danger" | "alert" => Some("Caution"),
        "important" => Some("Important"),
        _ => None,
    })
}

fn words(element: &Element) -> impl Iterator<Item = String> {
    let attributes = [element.attr("class"), element.attr("id")];
    attributes
        .into_iter()
        .flatten()
        .flat_map(|value| value.split_ascii_whitespace().map(str::to_ascii_lowercase))
        .collect::<Vec<_>>()
        .into_iter()
}
