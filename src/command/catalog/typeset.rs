//! `hsc catalog typeset`: manuals written as Markdown, set as PDF or HTML.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use hsc_catalogs::typeset::{Form, Source, html, pdf};

/// Arguments of `hsc catalog typeset`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Manual sources (docs/catalogs.md says how they are written), or folders of them.
    #[arg(required = true, value_name = "SOURCE.md")]
    sources: Vec<PathBuf>,
    /// Folder the manuals go to, each under the name of its source.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let mut code = ExitCode::SUCCESS;
    for path in found(&args.sources)? {
        match typeset(&path, &args.out) {
            Ok(line) => println!("{line}"),
            // One bad source does not keep the others from being set.
            Err(error) => {
                eprintln!("{}: {error:#}", path.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The sources named, and those in the folders named, in order.
fn found(sources: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in sources {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let entries =
            fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut inside: Vec<PathBuf> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        inside.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

/// Sets one source and says in a line what it became.
fn typeset(path: &Path, out: &Path) -> anyhow::Result<String> {
    let source = Source::parse(&fs::read_to_string(path).context("cannot read it")?)?;
    let name = path.file_stem().unwrap_or_default();
    let (target, bytes, about) = match source.about.form {
        Form::Pdf => {
            let set = pdf(&source)?;
            let about = format!("{} pages, {} bytes", set.pages, set.bytes.len());
            (out.join(name).with_extension("pdf"), set.bytes, about)
        }
        Form::Html => {
            let page = html(&source);
            let about = format!("{} bytes", page.len());
            (out.join(name).with_extension("html"), page.into_bytes(), about)
        }
    };
    fs::write(&target, bytes).with_context(|| format!("cannot write {}", target.display()))?;
    Ok(format!("{}: {about}", target.display()))
}
