//! Checks that no file imports itself through other files.
//!
//! Two files that import each other are one concept in two places, or one of them contains a type that belongs
//! into a lower module. Cargo refuses such cycles between crates; this test reads the imports inside each crate:
//! every path that begins with `crate`, `super`, `self`, a child module or an imported module. A name that a module
//! file (`mod.rs`, `lib.rs`) re-exports counts as an import of the file that defines it. Tests are not checked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::tree::{File, assert_none, files};

/// The source folder of each crate.
const CRATES: &[&str] = &[
    "actors/src",
    "answers/src",
    "catalogs/src",
    "config/src",
    "conversation/src",
    "load/src",
    "manuals/src",
    "monitoring/src",
    "src",
    "tools/manual-writer/src",
];

/// Known cycles: a file of each, and why it still exists. An entry without a cycle fails
/// the test, so the list only shrinks.
const KNOWN: &[(&[&str], &str)] = &[];

#[test]
fn no_import_cycle_between_the_files_of_a_crate() {
    let found: BTreeMap<Vec<String>, Vec<String>> = CRATES
        .iter()
        .flat_map(|folder| Modules::of(files(folder, &["rs"]), folder).cycles())
        .collect();
    let is_of = |files: &[String], known: &[&str]| {
        files.iter().all(|file| known.iter().any(|prefix| file.starts_with(prefix)))
    };
    let new: Vec<String> = found
        .iter()
        .filter(|(files, _)| !KNOWN.iter().any(|(known, _)| is_of(files, known)))
        .map(|(files, imports)| format!("{}\n    {}", files.join(", "), imports.join("\n    ")))
        .collect();
    assert_none("These files import each other; move what they share into a file below:", &new);
    let gone: Vec<String> = KNOWN
        .iter()
        .filter(|(known, _)| !found.keys().any(|files| is_of(files, known)))
        .map(|(known, why)| format!("{} ({why})", known.join(", ")))
        .collect();
    assert_none("There is no cycle here any more; take the entry out of KNOWN:", &gone);
}

/// The path of a module below its crate's root.
type Path = Vec<String>;

/// The modules of a crate and what each imports.
struct Modules {
    by_path: HashMap<Path, Module>,
}

struct Module {
    file: String,
    /// The names that it re-exports, and the path of each.
    exports: HashMap<String, Path>,
    /// Every path in its code, absolute if it can be resolved.
    paths: Vec<Path>,
}

impl Modules {
    fn of(files: Vec<File>, root: &str) -> Self {
        let mut sources: Vec<(Path, File)> = files
            .into_iter()
            .filter(|file| !file.path.ends_with("/main.rs"))
            .map(|file| (module_path(&file.path, root), file))
            .collect();
        let of_tests: Vec<Path> =
            sources.iter().flat_map(|(path, file)| test_modules(path, &file.text)).collect();
        sources.retain(|(path, _)| !of_tests.iter().any(|tests| path.starts_with(tests)));
        let known: BTreeSet<&Path> = sources.iter().map(|(path, _)| path).collect();
        let by_path = sources
            .iter()
            .map(|(path, file)| (path.clone(), Module::read(path, file, &known)))
            .collect();
        Self { by_path }
    }

    /// The module that defines what a path names; `None` for a name of another crate.
    fn definer(&self, path: &[String], seen: &mut BTreeSet<Path>) -> Option<Path> {
        if !seen.insert(path.to_vec()) {
            return None;
        }
        let depth =
            (0..=path.len()).rev().find(|depth| self.by_path.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        // A module alone is no import: each use of it has its own path.
        let name = rest.first()?;
        match self.by_path[module].exports.get(name) {
            Some(from) => {
                let whole: Path = from.iter().chain(&rest[1..]).cloned().collect();
                self.definer(&whole, seen).or_else(|| self.definer(from, seen))
            }
            None => Some(module.to_vec()),
        }
    }

    /// Groups of files that import each other, with the imports among them, in the order of their names.
    fn cycles(&self) -> BTreeMap<Vec<String>, Vec<String>> {
        let imports: BTreeMap<&Path, BTreeMap<Path, &Path>> = self
            .by_path
            .iter()
            .map(|(path, module)| {
                let names = module.paths.iter();
                let found = names
                    .filter_map(|name| Some((self.definer(name, &mut BTreeSet::new())?, name)));
                (path, found.filter(|(definer, _)| definer != path).collect())
            })
            .collect();
        let reached = |from: &Path| {
            let mut reached = BTreeSet::new();
            let mut next: Vec<&Path> = imports[from].keys().collect();
            while let Some(path) = next.pop() {
                if reached.insert(path) {
                    next.extend(imports[path].keys());
                }
            }
            reached
        };
        let reach: BTreeMap<&Path, BTreeSet<&Path>> =
            imports.keys().map(|path| (*path, reached(path))).collect();
        let mut cycles = BTreeMap::new();
        for (path, reached) in reach.iter().filter(|(path, reached)| reached.contains(*path)) {
            let members: BTreeSet<&Path> =
                reached.iter().copied().filter(|other| reach[*other].contains(path)).collect();
            let file = |member: &Path| self.by_path[member].file.clone();
            let mut files: Vec<String> = members.iter().map(|member| file(member)).collect();
            files.sort();
            cycles.entry(files).or_insert_with(|| {
                let among = members.iter().flat_map(|from| {
                    let to = imports[*from].iter().filter(|(to, _)| members.contains(to));
                    to.map(|(_, name)| format!("{} imports {}", file(from), name.join("::")))
                });
                among.collect()
            });
        }
        cycles
    }
}

impl Module {
    fn read(path: &Path, file: &File, known: &BTreeSet<&Path>) -> Self {
        let (uses, rest) = split_uses(&without_tests(file));
        let is_module = |path: &Path| known.contains(path);
        let mut names: HashMap<String, Path> = HashMap::new();
        let (mut exports, mut paths) = (HashMap::new(), Vec::new());
        for (is_public, tree) in uses {
            for (imported, name) in expanded(&tree) {
                let none = HashMap::new();
                let Some(absolute) = absolute(&imported, path, &none, &is_module) else { continue };
                if is_public {
                    exports.insert(name, absolute);
                } else {
                    if is_module(&absolute) {
                        names.insert(name, absolute.clone());
                    }
                    paths.push(absolute);
                }
            }
        }
        paths.extend(
            named_paths(&rest).iter().filter_map(|named| absolute(named, path, &names, &is_module)),
        );
        Self { file: file.path.clone(), exports, paths }
    }
}

/// `actors/src/session/mod.rs` is `session`, `actors/src/ports/archive.rs` is `ports`, `archive`.
fn module_path(file: &str, root: &str) -> Path {
    let below = file.strip_prefix(root).expect("it lies in its crate").trim_start_matches('/');
    let below = below.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches('/');
    below.split('/').filter(|part| !part.is_empty() && *part != "lib").map(str::to_owned).collect()
}

/// The modules for tests only.
fn test_modules(path: &Path, text: &str) -> Vec<Path> {
    let mut lines = text.lines().map(str::trim);
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]"
            && let Some(module) = lines.by_ref().find(|line| !line.starts_with("#["))
            && let Some((_, name)) = module.split_once("mod ")
        {
            found.push(joined(path, &[name.trim_end_matches(';').to_owned()]));
        }
    }
    found
}

/// The code without comments and without code for tests.
fn without_tests(file: &File) -> String {
    let mut code = String::new();
    let mut lines = file.code_lines().map(|(_, line)| line);
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let mut item = lines.by_ref().skip_while(|line| line.trim_start().starts_with("#["));
        if item.next().is_some_and(|first| !first.ends_with(';')) {
            lines.by_ref().find(|line| *line == end);
        }
    }
    code
}

/// The trees of all `use` items, true for those that re-export, and the code without them.
fn split_uses(code: &str) -> (Vec<(bool, String)>, String) {
    let (mut uses, mut rest) = (Vec::new(), String::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let item = line.trim_start();
        let (visibility, tree) = match item.strip_prefix("use ") {
            Some(tree) => ("", Some(tree)),
            None => {
                item.split_once(" use ").map_or(("", None), |(before, tree)| (before, Some(tree)))
            }
        };
        let is_item =
            visibility.is_empty() || (visibility.starts_with("pub") && !visibility.contains(' '));
        let Some(tree) = tree.filter(|_| is_item) else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.ends_with(';') {
            let Some(more) = lines.next() else { break };
            tree.push_str(more);
        }
        uses.push((!visibility.is_empty(), tree.trim_end_matches(';').to_owned()));
    }
    (uses, rest)
}

/// The paths of a tree of imports, each with the name it is used by.
fn expanded(tree: &str) -> Vec<(Path, String)> {
    let tree = tree.trim();
    let Some((before, inside)) = tree.split_once('{') else {
        let (path, alias) =
            tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
        let mut path: Path = path.split("::").map(|part| part.trim().to_owned()).collect();
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let name = alias
            .map_or_else(|| path.last().cloned().unwrap_or_default(), |it| it.trim().to_owned());
        return vec![(path, name)];
    };
    let inside = inside.trim_end().trim_end_matches('}');
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| expanded(&format!("{before}{part}"))).collect()
}

/// Every path of two names or more in a text of code.
fn named_paths(code: &str) -> Vec<Path> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    code.split(|letter: char| !is_part(letter))
        .filter(|word| word.contains("::"))
        .map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .filter(|path: &Path| path.len() > 1)
        .collect()
}

/// The path from the crate's root, if it begins with an item of the crate.
fn absolute(
    path: &[String],
    module: &Path,
    names: &HashMap<String, Path>,
    is_module: &dyn Fn(&Path) -> bool,
) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some(joined(module, rest)),
        "super" => {
            let parent: Path = module[..module.len().checked_sub(1)?].to_vec();
            match rest.first().is_some_and(|next| next == "super") {
                true => absolute(rest, &parent, names, is_module),
                false => Some(joined(&parent, rest)),
            }
        }
        name => {
            let child = joined(module, std::slice::from_ref(first));
            let known = names.get(name).cloned().or_else(|| is_module(&child).then_some(child))?;
            Some(joined(&known, rest))
        }
    }
}

fn joined(module: &[String], rest: &[String]) -> Path {
    module.iter().chain(rest).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
        let file = |(path, text): &(&str, &str)| File {
            path: format!("src/{path}"),
            text: (*text).to_owned(),
        };
        Modules::of(sources.iter().map(file).collect(), "src").cycles().into_keys().collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_detected_in_every_notation() {
        let both = vec![vec!["src/a.rs".to_owned(), "src/b.rs".to_owned()]];
        for (a, b) in [
            ("use crate::b::B;", "use crate::a::A;"),
            ("use super::b::{self, B};", "fn f() { crate::a::g() }"),
            ("use crate::{\n    b::B,\n};", "use crate::a;\nfn f() { a::g() }"),
            ("use crate::B;", "use super::A as Other;"),
        ] {
            let door = ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;");
            assert_eq!(cycles(&[door, ("a.rs", a), ("b.rs", b)]), both, "{a} {b}");
        }
    }

    #[test]
    fn a_module_file_that_re_exports_is_no_cycle_and_one_that_defines_is() {
        let child = ("d/child.rs", "use super::{Own, Twin};");
        let twin = ("d/twin.rs", "pub struct Twin;");
        let door =
            "mod child;\nmod twin;\npub use child::Child;\npub use twin::Twin;\npub struct Own;\n";
        assert!(cycles(&[("d/mod.rs", door), child, twin]).is_empty());
        let using = format!("{door}fn f(child: child::Inner) {{}}");
        assert_eq!(cycles(&[("d/mod.rs", &using), child, twin]).len(), 1);
    }

    #[test]
    fn tests_and_comments_are_left_out() {
        let a = "use crate::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::C;\n}\n";
        let b =
            "//! [`A`](crate::a::A)\n#[cfg(test)]\nmod b_tests;\n#[cfg(test)]\nuse crate::a::A;\n";
        let tests = ("b/b_tests.rs", "use crate::a::A;\nuse super::B;");
        assert!(cycles(&[("a.rs", a), ("b.rs", b), tests]).is_empty());
    }
}
