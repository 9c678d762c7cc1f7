//! Masks secrets and personal data in log lines: mail addresses, passwords in addresses, tokens.
//!
//! No code logs these on purpose. They are part of error texts of libraries and other servers:
//! the address that failed, the header that was refused. So every line is masked.

use std::borrow::Cow;

const STARS: &str = "***";
/// Names in a query whose value is a secret.
const SECRET_PARAMETERS: [&str; 9] = [
    "token",
    "access_token",
    "id_token",
    "refresh_token",
    "key",
    "api_key",
    "secret",
    "client_secret",
    "password",
];
/// A shorter word with a token's prefix is not a token.
const SHORTEST_TOKEN: usize = 20;

/// The text with stars in place of personal data and secrets.
pub(crate) fn mask(text: &str) -> Cow<'_, str> {
    let is_suspect = |sign: &str| text.contains(sign);
    if !["@", "earer", "eyJ", "="].into_iter().any(is_suspect) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut after_bearer = false;
    for piece in text.split_inclusive(parts) {
        let word = piece.trim_end_matches(parts);
        let rest = &piece[word.len()..];
        match after_bearer && !word.is_empty() {
            true => masked.push_str(STARS),
            false => masked.push_str(&mask_word(word)),
        }
        masked.push_str(rest);
        // A separator may be several signs, each a piece of its own.
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
        }
    }
    Cow::Owned(masked)
}

/// True for a separator of words: never a sign that occurs in an address.
fn parts(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>' | '{' | '}')
}

fn mask_word(word: &str) -> Cow<'_, str> {
    if word.starts_with("eyJ") && word.len() >= SHORTEST_TOKEN {
        return Cow::Borrowed(STARS);
    }
    let mut masked = Cow::Borrowed(word);
    if let Some((before, after)) = word.split_once("://") {
        // The last one, because a password may contain one too.
        let host = after.find(['/', '?', '#']).unwrap_or(after.len());
        if let Some(at) = after[..host].rfind('@') {
            masked = Cow::Owned(format!("{before}://{STARS}{}", &after[at..]));
        }
    } else if let Some((local, domain)) = word.rsplit_once('@')
        && !local.is_empty()
        && domain.contains('.')
    {
        // The prefix of the name: `to=`, `mailto:`.
        let name = local.rfind(['=', ':', '/']).map_or(0, |at| at + 1);
        masked = Cow::Owned(format!("{}{STARS}@{domain}", &local[..name]));
    }
    match mask_parameters(&masked) {
        Some(both) => Cow::Owned(both),
        None => masked,
    }
}

/// Masks the values of secret parameters; `None` when there is none.
fn mask_parameters(word: &str) -> Option<String> {
    let mut masked = String::with_capacity(word.len());
    let mut changed = false;
    for piece in word.split_inclusive(['?', '&', '#']) {
        let end = piece.trim_end_matches(['?', '&', '#']).len();
        let secret = piece[..end].split_once('=').filter(|(name, value)| {
            !value.is_empty() && SECRET_PARAMETERS.iter().any(|it| name.eq_ignore_ascii_case(it))
        });
        match secret {
            Some((name, _)) => {
                masked.push_str(name);
                masked.push('=');
                masked.push_str(STARS);
                masked.push_str(&piece[end..]);
                changed = true;
            }
            None => masked.push_str(piece),
        }
    }
    changed.then_some(masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! masked {
        ($($name:ident: $text:literal $becomes:literal;)*) => {
            $(#[test] fn $name() { assert_eq!(mask($text), $becomes); })*
        };
    }

    masked! {
        a_mail_address_is_masked_before_its_domain: "cannot send to <noa.levi+x@example.com>, later"
            "cannot send to <***@example.com>, later";
        a_mail_address_after_a_key_is_masked: "to=noa@example.com mailto:noa@example.com"
            "to=***@example.com mailto:***@example.com";
        a_password_in_an_address_is_masked: "postgres://hsc:p@ss@db.example:5432/d?sslmode=require is away"
            "postgres://***@db.example:5432/d?sslmode=require is away";
        a_bearer_token_is_masked: "Authorization: Bearer abc.def-1 was refused"
            "Authorization: Bearer *** was refused";
        a_signed_token_is_masked: "bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
            "bad token ***";
        a_secret_parameter_is_masked: "GET https://id.example/cb?code=1&access_token=abc&state=2#key=x failed"
            "GET https://id.example/cb?code=1&access_token=***&state=2#key=*** failed";
        text_without_secrets_is_unchanged: "listens on 127.0.0.1:8000, p@ge 3, a=b"
            "listens on 127.0.0.1:8000, p@ge 3, a=b";
    }

    #[test]
    fn a_line_without_secrets_is_not_copied() {
        assert!(matches!(mask("catalog loaded"), Cow::Borrowed(_)));
    }
}
