//! Checks that every link between our pages has a target, including its heading.

use std::fs;

use crate::tree::{File, assert_none, files, root};

#[test]
fn every_link_of_the_docs_has_a_target() {
    let mut breaches = Vec::new();
    let mut links = 0;
    for page in files("", &["md"]) {
        for (line, target) in targets(&page.text) {
            links += 1;
            if let Some(reason) = broken(&page, target) {
                breaches.push(format!("{}:{line}: {target}: {reason}", page.path));
            }
        }
    }
    assert!(links > 0, "the docs link to each other");
    assert_none("Broken links:", &breaches);
}

/// Why a link has no target; links out of the repository are not checked.
fn broken(page: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let text = if path.is_empty() {
        page.text.clone()
    } else {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let there = root().join(folder).join(path);
        if !there.exists() {
            return Some("there is no such file".to_owned());
        }
        fs::read_to_string(there).unwrap_or_default()
    };
    if heading.is_empty() || headings(&text).any(|slug| slug == heading) {
        None
    } else {
        Some("there is no such heading".to_owned())
    }
}

/// The targets of a page's links and pictures, with their lines; code is skipped.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split(')').next()?;
            Some((number, target))
        })
    })
}

/// The headings of a page, as links name them: lower case, words joined by dashes.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        line.trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

/// The lines of a page outside its code blocks, numbered from one.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            return None;
        }
        (!in_code).then_some((index + 1, line))
    })
}

#[test]
fn a_broken_link_is_detected() {
    let page = File {
        path: "docs/page.md".to_owned(),
        text: "# Who asks whom?\n[a](../Cargo.toml) ![b](gone.png)\n```\n[c](gone.md)\n```\n"
            .to_owned(),
    };
    let found: Vec<&str> = targets(&page.text).map(|(_, target)| target).collect();
    assert_eq!(found, ["../Cargo.toml", "gone.png"]);
    assert!(broken(&page, "../Cargo.toml").is_none());
    assert!(broken(&page, "gone.png").is_some());
    assert!(broken(&page, "#who-asks-whom").is_none());
    assert!(broken(&page, "#who").is_some());
}
