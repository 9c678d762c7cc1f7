//! Checks that no module of `src` imports another one. They are combined in `components.rs` and `command/`.

use crate::tree::{File, assert_none, files, folders};

/// The folder of `src` that is exempt: one file per subcommand, each of which may use any module.
const MEETING_PLACE: &str = "command";

/// The files of `src` that create and combine the modules.
const WIRING: &[&str] = &["server", "components", "listeners", "start_error", MEETING_PLACE];

/// The only file that names actix-web-actors, so that it can be replaced.
const SOCKET: &str = "actors/src/socket";

#[test]
fn the_rooms_of_src_never_import_each_other() {
    let rooms: Vec<String> =
        folders("src").into_iter().filter(|name| name != MEETING_PLACE).collect();
    assert!(!rooms.is_empty(), "src has rooms");
    let mut breaches = Vec::new();
    for room in &rooms {
        for file in files(&format!("src/{room}"), &["rs"]) {
            for (line, imported) in imported_rooms(&file) {
                if imported != *room && rooms.contains(&imported) {
                    breaches.push(format!("{}:{line} imports {imported}", file.path));
                }
            }
        }
    }
    assert_none(
        "Rooms meet in components.rs, through the ports of hsc-actors; never in each other:",
        &breaches,
    );
}

#[test]
fn no_room_imports_the_wiring() {
    let mut breaches = Vec::new();
    for room in folders("src").iter().filter(|name| *name != MEETING_PLACE) {
        for file in files(&format!("src/{room}"), &["rs"]) {
            for (line, imported) in imported_rooms(&file) {
                if WIRING.contains(&&*imported) {
                    breaches.push(format!("{}:{line} imports {imported}", file.path));
                }
            }
        }
    }
    assert_none("The wiring knows the rooms, the rooms do not know the wiring:", &breaches);
}

#[test]
fn every_port_trait_is_defined_in_the_ports_module() {
    let mut breaches = Vec::new();
    for file in files("src", &["rs"]) {
        for (line, code) in file.code_lines() {
            if code.trim_start().starts_with("pub trait ") {
                breaches.push(format!("{}:{line}", file.path));
            }
        }
    }
    assert_none(
        "A trait by which rooms meet stands in actors/src/ports, with the data types that it names:",
        &breaches,
    );
}

#[test]
fn only_one_module_names_actix_web_actors() {
    let mut breaches = Vec::new();
    for folder in ["src", "actors/src"] {
        for file in files(folder, &["rs"]).iter().filter(|file| !file.path.starts_with(SOCKET)) {
            for (line, code) in file.code_lines() {
                if code.contains("actix_web_actors") {
                    breaches.push(format!("{}:{line}", file.path));
                }
            }
        }
    }
    assert_none("Only actors/src/socket may name actix-web-actors:", &breaches);
}

/// The first names below the crate's root that a file of `src` imports, with their lines.
fn imported_rooms(file: &File) -> Vec<(usize, String)> {
    // `src/answers/llm/sse.rs` is the module `answers::llm::sse`; `mod.rs` is the module of its folder.
    let below = file.path.strip_prefix("src/").expect("rooms lie in src");
    let depth = below.matches('/').count() + usize::from(!below.ends_with("/mod.rs"));
    let to_root = "super::".repeat(depth);
    let mut found = Vec::new();
    for (line, code) in file.code_lines() {
        for prefix in ["crate::", to_root.as_str()] {
            for (at, _) in code.match_indices(prefix) {
                let whole = !code[..at].ends_with([':', '_']);
                if whole {
                    let names = first_names(&code[at + prefix.len()..]);
                    found.extend(names.into_iter().map(|name| (line, name)));
                }
            }
        }
    }
    found
}

/// The next name of a path, or all of them if a brace follows.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    match path.strip_prefix('{') {
        None => vec![name(path)],
        Some(list) => list.split([',', '{', '}']).map(name).filter(|n| !n.is_empty()).collect(),
    }
}

#[test]
fn an_import_is_detected_in_every_notation() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let names = |file: &File| -> Vec<String> {
        imported_rooms(file).into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(names(&file("src/http/ask.rs", "use crate::answers::Extractive;")), ["answers"]);
    assert_eq!(names(&file("src/http/ask.rs", "    crate::manuals::read(it)")), ["manuals"]);
    assert_eq!(names(&file("src/http/ask.rs", "use super::super::manuals::Reader;")), ["manuals"]);
    assert_eq!(names(&file("src/http/mod.rs", "use super::manuals::Reader;")), ["manuals"]);
    let braced = file("src/http/ask.rs", "use crate::{answers::Extractive, manuals};");
    assert!(names(&braced).contains(&"answers".to_owned()));
    assert!(names(&braced).contains(&"manuals".to_owned()));
    assert!(names(&file("src/http/ask.rs", "/// See [`crate::manuals`].")).is_empty());
    assert!(!names(&file("src/http/ask.rs", "use super::manuals;")).contains(&"manuals".into()));
}
