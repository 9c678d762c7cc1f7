//! The current settings for an admin: nested as in the file, without secrets.

use serde_json::{Map, Value};

use crate::load::DEFAULTS;
use crate::secret::SECRET_KEYS;
use crate::{Settings, settings};

/// Replaces a hidden value.
const MASK: &str = "***";

impl Settings {
    /// All settings as JSON: a secret is `"***"` if it is set and null if it is not, and an address
    /// with a name, a password or a query is shown without these. `changed` beside the sections
    /// lists every setting that differs from `default.toml`, with its default.
    ///
    /// ```
    /// let env = [("HSC__ADMIN__TOKEN".to_owned(), "0123456789abcdef0123456789abcdef".to_owned())];
    /// let shown = hsc_config::Settings::load(None, env).expect("right").shown();
    /// assert_eq!(shown["admin"]["token"], "***");
    /// assert!(shown["redis"]["url"].is_null());
    /// ```
    pub fn shown(&self) -> Value {
        let mut shown = masked(self);
        let defaults: toml::Table = DEFAULTS.parse().expect("a test reads default.toml");
        let defaults =
            masked(&defaults.try_into::<Self>().expect("a test reads it into the types"));
        let changed: Map<String, Value> = settings::keys()
            .filter_map(|key| {
                let (now, before) = (at(&shown, key)?, at(&defaults, key)?);
                (now != before).then(|| (key.to_owned(), before.clone()))
            })
            .collect();
        if let Value::Object(sections) = &mut shown {
            sections.insert("changed".to_owned(), Value::Object(changed));
        }
        shown
    }
}

/// The value of a key such as `server.port`.
fn at<'a>(tree: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(tree, |tree, name| tree.get(name))
}

fn masked(settings: &Settings) -> Value {
    let mut tree = serde_json::to_value(settings).expect("numbers, texts and lists can be written");
    mask("", &mut tree);
    tree
}

fn mask(key: &str, value: &mut Value) {
    match value {
        Value::Object(section) => {
            for (name, inner) in section {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                mask(&key, inner);
            }
        }
        _ if SECRET_KEYS.contains(&key) => {
            // `Secret` masks itself; here the value is masked again, whatever its type.
            let is_set = match value {
                Value::Array(all) => !all.is_empty(),
                ref other => other.as_str().is_some_and(|text| !text.is_empty()),
            };
            *value = if is_set { Value::from(MASK) } else { Value::Null };
        }
        Value::Array(all) => all.iter_mut().for_each(|one| mask(key, one)),
        Value::String(text) => {
            if let Some(masked) = without_password(text) {
                *text = masked;
            }
        }
        _ => {}
    }
}

/// An address without the login before its host, and without its query; `None` when it has neither.
fn without_password(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    // The last @, wherever it is: a password may contain unencoded signs and slashes. An @ in a
    // path hides the host too, which is the safe choice.
    let after_name = rest.rsplit_once('@').map(|(_, host)| format!("{MASK}@{host}"));
    let rest_now = after_name.as_deref().unwrap_or(rest);
    let without_query = rest_now.split_once('?').map(|(before, _)| format!("{before}?{MASK}"));
    let changed = without_query.or(after_name)?;
    Some(format!("{scheme}://{changed}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::Table;

    use super::*;
    use crate::load::flatten;

    /// A value for every text setting, recognisable wherever it appears.
    const CANARY: &str = "a-canary-that-sings";

    /// The defaults with the canary in every text and list of texts.
    fn full() -> Settings {
        fn fill(table: &mut Table) {
            for (_, value) in table {
                match value {
                    toml::Value::Table(inner) => fill(inner),
                    toml::Value::String(text) => *text = CANARY.to_owned(),
                    toml::Value::Array(all) => *all = vec![CANARY.into(), CANARY.into()],
                    _ => {}
                }
            }
        }
        let mut tree: Table = DEFAULTS.parse().unwrap();
        let before = tree.clone();
        fill(&mut tree);
        // A choice is not a free text.
        for key in [
            "answers.answerer",
            "manuals.isolate",
            "actors.on_give_up",
            "archive.pooler",
            "log.level",
            "log.format",
        ] {
            let (section, name) = key.split_once('.').unwrap();
            tree[section][name] = before[section][name].clone();
        }
        tree["manuals"]["ocr"]["enabled"] = before["manuals"]["ocr"]["enabled"].clone();
        // A list of tables is set separately.
        let endpoint = format!("url = {CANARY:?}\nevents = [{CANARY:?}]\nsecret = {CANARY:?}\n");
        let endpoint: Table = endpoint.parse().unwrap();
        tree["webhooks"]["endpoints"] = toml::Value::Array(vec![endpoint.into()]);
        tree.try_into().unwrap()
    }

    /// The keys whose value the type itself hides, independent of any list.
    fn hidden_by_type(settings: &Settings) -> BTreeSet<String> {
        let mut leaves = Vec::new();
        flatten("", &settings.masked().parse::<Table>().unwrap(), &mut leaves);
        let hidden = leaves.into_iter().filter(|(_, value)| value.to_string().contains(MASK));
        hidden.map(|(key, _)| key).collect()
    }

    #[test]
    fn the_list_of_secrets_names_every_secret_of_the_types() {
        let listed: BTreeSet<String> = SECRET_KEYS.into_iter().map(str::to_owned).collect();
        assert_eq!(hidden_by_type(&full()), listed);
    }

    #[test]
    fn no_secret_of_a_full_tree_is_shown() {
        let shown = full().shown();
        for key in SECRET_KEYS {
            assert_eq!(at(&shown, key), Some(&Value::from(MASK)), "{key}");
            assert!(!shown["changed"][key].to_string().contains(CANARY), "{key}");
        }
        assert_eq!(shown["server"]["host"], CANARY, "the test sees what is not hidden");
    }

    #[test]
    fn a_secret_that_is_not_set_is_null() {
        let shown = Settings::load(None, []).unwrap().shown();
        for key in SECRET_KEYS {
            assert_eq!(at(&shown, key), Some(&Value::Null), "{key}");
        }
        assert_eq!(shown["changed"], serde_json::json!({}));
        assert_eq!(shown["server"]["port"], 8_000);
    }

    #[test]
    fn a_changed_setting_is_listed_with_its_default() {
        let mut settings = Settings::load(None, []).unwrap();
        settings.server.port = 9_000;
        settings.admin.token = "sesame".into();
        let shown = settings.shown();
        let changed = serde_json::json!({ "server.port": 8_000, "admin.token": null });
        assert_eq!(shown["changed"], changed);
    }

    macro_rules! addresses {
        ($($name:ident: $given:literal => $shown:expr;)*) => {$(
            #[test]
            fn $name() {
                assert_eq!(without_password($given).as_deref(), $shown);
            }
        )*};
    }

    addresses! {
        a_plain_address_is_unchanged: "https://api.example/v1" => None;
        a_text_that_is_no_address_is_unchanged: "user:pass@host" => None;
        a_password_is_hidden: "redis://u:p@host:6379/0" => Some("redis://***@host:6379/0");
        a_password_with_an_at_sign_is_hidden_completely: "postgres://u:p@ss@h/d" => Some("postgres://***@h/d");
        a_password_with_a_slash_is_hidden_completely: "postgres://u:p/ss@h/d" => Some("postgres://***@h/d");
        a_password_with_a_question_mark_is_hidden_completely: "redis://u:p?s@h" => Some("redis://***@h");
        an_at_sign_after_the_host_hides_more_than_necessary: "https://h/@v1" => Some("https://***@v1");
        a_query_is_hidden: "https://h/v1?key=abc" => Some("https://h/v1?***");
        both_are_hidden: "https://u:p@h?key=abc" => Some("https://***@h?***");
    }

    #[test]
    fn a_password_in_an_address_is_hidden() {
        let mut settings = Settings::load(None, []).unwrap();
        settings.answers.llm.base_url = "https://me:sesame@models.example/v1".to_owned();
        assert_eq!(settings.shown()["answers"]["llm"]["base_url"], "https://***@models.example/v1");
        assert!(!settings.shown().to_string().contains("sesame"));
    }
}
