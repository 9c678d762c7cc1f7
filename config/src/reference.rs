//! Generates `docs/configuration.md` from `default.toml` and its comments.

use std::fmt::Write as _;

use crate::load::DEFAULTS;
use crate::rules::Rule;
use crate::settings;

/// The page that lists every setting.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\nMade from `config/default.toml` by `make docs`; edit that file, not this page.\n\n\
         Values come from the defaults, then the file given by `--config`, then the environment: \
         `HSC__SERVER__PORT=9000` sets `server.port` (two underscores part the levels, commas part a list). \
         `REDIS_URL` and `GEMINI_API_KEY` are understood too. `hsc check` says what is wrong without starting.\n\n\
         A secret may be in a file: `admin.token_file` (`HSC__ADMIN__TOKEN_FILE`) names the file that holds \
         `admin.token`. The same holds for `admin.previous_token`, `archive.url`, `answers.llm.api_key`, `redis.url`, \
         `conversations.token_keys` (one a line), `identity.openid.client_secret`, `visitors.key`, \
         `visitors.previous_key`, and `secret` and `previous_secret` of a webhook endpoint.\n",
    );
    let mut section = "";
    let mut comment = String::new();
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            comment.clear();
            let _ = write!(
                page,
                "\n## {name}\n\n| setting | default | meaning | allowed |\n|---|---|---|---|\n"
            );
        } else if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if let Some((name, value)) = line.split_once(" = ") {
            let key = format!("{section}.{name}");
            let allowed = settings::rule_of(&key).map_or(String::new(), Rule::expected);
            let _ = writeln!(page, "| `{key}` | `{value}` | {} | {allowed} |", comment.trim());
            comment.clear();
        } else {
            comment.clear();
        }
    }
    page
}
