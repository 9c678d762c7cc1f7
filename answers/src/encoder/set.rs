//! The encoders of one model directory.

use std::path::Path;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::bert::Encoder;
use super::error::ModelError;
use super::manifest::{fingerprint, verify};
use super::vectors::{ManualTexts, ManualVectors, QueryVectors, Vectors};

/// Part of the fingerprint: incremented whenever the same weights give other vectors.
const COMPUTATION: u32 = 1;

/// The sentence encoders of one model directory, ordered by the names of their folders.
pub struct EncoderSet {
    id: String,
    members: Vec<Encoder>,
    /// Questions: one thread at normal priority, so that a question never waits for a passage.
    queries: ThreadPool,
    /// Passages: a bounded number of threads at a low priority.
    passages: ThreadPool,
}

impl EncoderSet {
    /// Loads every model of `dir`: its folders with a `config.json`, or `dir` itself. `threads` embed
    /// passages; `begin` runs at the start of each of them (the caller lowers their priority there).
    ///
    /// # Errors
    /// As [`ModelError`] lists them; one damaged model fails the set.
    pub fn load(
        dir: &Path,
        threads: usize,
        begin: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, ModelError> {
        let mut folders = Vec::new();
        if dir.join("config.json").is_file() {
            folders.push(dir.to_owned());
        } else {
            let missing = || ModelError::Missing { dir: dir.to_owned() };
            for entry in std::fs::read_dir(dir).map_err(|_| missing())? {
                let path = entry.map_err(ModelError::unreadable(dir))?.path();
                // A hidden folder is an incomplete download.
                let hidden =
                    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
                if !hidden && path.join("config.json").is_file() {
                    folders.push(path);
                }
            }
            if folders.is_empty() {
                return Err(missing());
            }
        }
        folders.sort();
        let mut digests = format!("{COMPUTATION}");
        let mut members = Vec::with_capacity(folders.len());
        for folder in folders {
            digests.push_str(&verify(&folder)?);
            members.push(Encoder::load(&folder)?);
        }
        let pool = |builder: ThreadPoolBuilder| {
            builder.build().map_err(|error| ModelError::Unreadable {
                path: dir.to_owned(),
                cause: std::io::Error::other(error),
            })
        };
        let queries =
            ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "embed-query".to_owned());
        let passages = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|index| format!("embed-{index}"))
            .start_handler(move |_| begin());
        Ok(Self {
            id: fingerprint(&digests)[..16].to_owned(),
            members,
            queries: pool(queries)?,
            passages: pool(passages)?,
        })
    }

    /// Changes whenever vectors change: a fingerprint of all files and of the computation.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The encoders.
    pub fn members(&self) -> &[Encoder] {
        &self.members
    }

    /// Memory of all models in bytes.
    pub fn bytes(&self) -> usize {
        self.members.iter().map(Encoder::bytes).sum()
    }

    /// The vectors of a question. Blocks for some milliseconds.
    pub fn embed_query(&self, text: &str) -> QueryVectors {
        let text = plain(text);
        self.queries.install(|| {
            QueryVectors(self.members.iter().map(|member| member.embed_query(&text)).collect())
        })
    }

    /// True when the number of vectors fits this manual.
    pub fn fits(&self, vectors: &ManualVectors, manual: &ManualTexts) -> bool {
        let all = manual.texts().len();
        let rows = self.members.iter().map(|member| rows_of(member, all, manual.big()));
        rows.eq(vectors.members.iter().map(Vectors::rows))
    }

    /// The vectors of passages, in order. Blocks for a tenth of a second per passage and thread, so the
    /// caller passes a few at a time. The first `big` of them are big windows: multilingual members, which
    /// distinguish subjects and cost most, read no others.
    pub fn embed_passages(&self, texts: &[String], big: usize) -> ManualVectors {
        let texts: Vec<_> = texts.iter().map(|text| plain(text)).collect();
        let threads = self.passages.current_num_threads();
        self.passages.install(|| {
            let members = self.members.iter().map(|member| {
                let texts = &texts[..rows_of(member, texts.len(), big)];
                let share = texts.len().div_ceil(threads).max(1);
                let rows: Vec<_> =
                    texts.par_chunks(share).map(|chunk| member.embed_passages(chunk)).collect();
                let mut vectors = Vectors::new(member.dims());
                rows.iter().flatten().for_each(|row| vectors.push(row));
                vectors
            });
            ManualVectors { members: members.collect() }
        })
    }
}

/// Number of windows that a member reads, out of `all`, the first `big` of which are big.
fn rows_of(member: &Encoder, all: usize, big: usize) -> usize {
    if member.multilingual() { big.min(all) } else { all }
}

/// Text on one line: runs of white space become one space, none at either end.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{FILES, MANIFEST, Manifest};
    use super::super::synthetic::{Vocabulary, write};
    use super::*;

    fn two() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        write(&dir.path().join("a"), Vocabulary::WordPiece, 1).expect("written");
        write(&dir.path().join("b"), Vocabulary::Unigram, 2).expect("written");
        dir
    }

    fn load(dir: &Path) -> Result<EncoderSet, ModelError> {
        EncoderSet::load(dir, 2, || ())
    }

    #[test]
    fn a_set_has_the_models_of_its_folders() {
        let dir = two();
        let set = load(dir.path()).expect("both are whole");
        let names: Vec<_> =
            set.members().iter().map(|member| (member.name(), member.multilingual())).collect();
        assert_eq!(names, [("a", false), ("b", true)]);
        let query = set.embed_query("press the button");
        assert_eq!(query.0.len(), 2);
        let texts: Vec<_> = (0..5).map(|n| format!("window {n}")).collect();
        let manual = set.embed_passages(&texts, 2);
        assert_eq!(manual.windows(), 5);
        let scores = |at: usize| manual.members[at].scores(&query.0[at]).len();
        assert_eq!((scores(0), scores(1)), (5, 2), "only big windows are read by the second");
        assert!(set.fits(&manual, &ManualTexts::new("a", texts.clone(), 2)));
        assert!(!set.fits(&manual, &ManualTexts::new("a", texts, 3)));
        assert_eq!(set.embed_passages(&[], 0).windows(), 0);
    }

    #[test]
    fn a_folder_may_be_the_model() {
        let dir = two();
        assert_eq!(load(&dir.path().join("a")).expect("it is whole").members().len(), 1);
    }

    #[test]
    fn other_weights_have_another_id() {
        let dir = two();
        let first = load(dir.path()).expect("whole").id().to_owned();
        assert_eq!(load(dir.path()).expect("whole").id(), first);
        write(&dir.path().join("b"), Vocabulary::Unigram, 3).expect("written");
        assert_ne!(load(dir.path()).expect("whole").id(), first);
    }

    #[test]
    fn a_folder_without_a_model_is_missing() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(matches!(load(dir.path()), Err(ModelError::Missing { .. })));
        assert!(matches!(load(&dir.path().join("nowhere")), Err(ModelError::Missing { .. })));
        // An incomplete download is not a model.
        write(&dir.path().join(".part"), Vocabulary::WordPiece, 1).expect("written");
        assert!(matches!(load(dir.path()), Err(ModelError::Missing { .. })));
    }

    #[test]
    fn every_truncated_file_is_damaged() {
        for name in FILES {
            let dir = two();
            let path = dir.path().join("b").join(name);
            let whole = std::fs::read(&path).expect("read");
            for part in 0..8 {
                std::fs::write(&path, &whole[..whole.len() * part / 8]).expect("written");
                assert!(
                    matches!(load(dir.path()), Err(ModelError::Damaged { .. })),
                    "{name}, {part} eighths"
                );
            }
            std::fs::remove_file(&path).expect("removed");
            if name == "config.json" {
                assert_eq!(load(dir.path()).expect("the other is whole").members().len(), 1);
            } else {
                assert!(matches!(load(dir.path()), Err(ModelError::Damaged { .. })), "no {name}");
            }
        }
    }

    #[test]
    fn a_changed_byte_is_found_by_the_manifest() {
        let dir = two();
        let folder = dir.path().join("a");
        let manifest = Manifest::of(&folder, "test").expect("read");
        std::fs::write(folder.join(MANIFEST), serde_json::to_vec(&manifest).expect("JSON"))
            .expect("written");
        load(dir.path()).expect("it is what the manifest says");
        let path = folder.join("model.safetensors");
        let mut bytes = std::fs::read(&path).expect("read");
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).expect("written");
        let error = load(dir.path()).err().expect("it is damaged");
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }

    #[test]
    fn weights_that_are_not_numbers_are_damaged() {
        let dir = two();
        let path = dir.path().join("a").join("model.safetensors");
        let mut bytes = std::fs::read(&path).expect("read");
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(&path, bytes).expect("written");
        assert!(matches!(load(dir.path()), Err(ModelError::Damaged { .. })));
    }

    #[test]
    fn a_model_of_another_kind_is_refused_by_name() {
        for (from, to) in [("\"bert\"", "\"llama\""), ("\"gelu\"", "\"relu\"")] {
            let dir = two();
            let path = dir.path().join("a").join("config.json");
            let text = std::fs::read_to_string(&path).expect("read").replace(from, to);
            std::fs::write(&path, text).expect("written");
            assert!(matches!(load(dir.path()), Err(ModelError::Unsupported { .. })), "{to}");
        }
    }
}
