//! Names of languages.

/// The language of a locale, without its region; it is the name of the phrase files.
///
/// ```
/// assert_eq!(hsc_catalogs::language_of("he-IL"), "he");
/// ```
#[must_use]
pub fn language_of(locale: &str) -> String {
    let language = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    // Older systems call Hebrew `iw`.
    if language == "iw" { "he".to_owned() } else { language }
}
