//! `manual-writer SOURCE.md… --out DIR`: writes each manual source as PDF or HTML.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hsc_manual_writer::{Form, Source, html, pdf};

const USAGE: &str = "\
Write manuals as PDF or HTML from Markdown (docs/catalogs.md describes the sources).

Usage: manual-writer <SOURCE.md or folder>... --out <DIR>
";

fn main() -> ExitCode {
    let (mut sources, mut out) = (Vec::new(), None);
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--out") => out = arguments.next(),
            Some("--help" | "-h") => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            _ => sources.push(argument),
        }
    }
    let Some(out) = out.filter(|_| !sources.is_empty()) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut code = ExitCode::SUCCESS;
    let mut report = |path: &Path, written: Result<String, Box<dyn Error>>| match written {
        Ok(line) => println!("{line}"),
        // An error in one source does not prevent the others.
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            code = ExitCode::FAILURE;
        }
    };
    for path in &sources {
        match found(path) {
            Ok(files) => files.iter().for_each(|file| report(file, write(file, &out))),
            Err(error) => report(path, Err(error.into())),
        }
    }
    code
}

/// The file, or the sources in the folder, sorted by name.
fn found(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries.collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    Ok(files)
}

/// Writes one source under its name and prints the result.
fn write(path: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    let source = Source::parse(&fs::read_to_string(path)?)?;
    let (extension, bytes, pages) = match source.about.form {
        Form::Pdf => {
            let set = pdf(&source)?;
            ("pdf", set.bytes, format!("{} pages, ", set.pages))
        }
        Form::Html => ("html", html(&source).into_bytes(), String::new()),
    };
    fs::create_dir_all(out)?;
    let target = out.join(path.file_stem().unwrap_or_default()).with_extension(extension);
    fs::write(&target, &bytes)?;
    Ok(format!("{}: {pages}{} bytes", target.display(), bytes.len()))
}
