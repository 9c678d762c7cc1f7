//! `hsc model fetch`: downloads the default models from their publishers, once.
//!
//! Each file is pinned by the revision of its repository and its SHA-256. An interrupted download is
//! resumed (a range request); a file with another digest is deleted and reported.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use hsc_answers::encoder::{MANIFEST, Manifest, digest_of};
use hsc_config::Settings;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, StatusCode};

use super::directory;
use crate::outbound::OutboundTls;

/// Arguments of `hsc model fetch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A mirror that serves the same paths as the publisher.
    #[arg(long, value_name = "URL", default_value = "https://huggingface.co")]
    from: String,
    /// The model directory. Default: answers.encoder.dir of the settings.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A model at its publisher.
struct Model<'a> {
    /// Its local folder.
    name: &'a str,
    repository: &'a str,
    revision: &'a str,
    /// Name and SHA-256 of each file.
    files: &'a [(&'a str, &'a str)],
    /// Additional local files: what the publisher documents only in prose.
    settings: &'a [(&'a str, &'a str)],
}

/// The default models: one that is best in English, one for a hundred languages.
const MODELS: [Model<'_>; 2] = [
    Model {
        name: "minilm",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        files: &[
            ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            (
                "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
        ],
        settings: &[("sentence_bert_config.json", r#"{"max_seq_length": 256}"#)],
    },
    Model {
        name: "e5",
        repository: "intfloat/multilingual-e5-small",
        revision: "614241f622f53c4eeff9890bdc4f31cfecc418b3",
        files: &[
            ("config.json", "69137736cab8b8903a07fe8afaafdda25aac55415a12a55d1bffa9f581abf959"),
            ("tokenizer.json", "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"),
            (
                "model.safetensors",
                "1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477",
            ),
        ],
        settings: &[(
            "config_sentence_transformers.json",
            r#"{"prompts": {"query": "query: ", "passage": "passage: "}}"#,
        )],
    },
];

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let dir = directory::directory(args.into.as_deref(), args.config.as_deref())?;
    let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
    let tls = OutboundTls::new(&settings.outbound.ca_file)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fetch_all(&args.from, &dir, &MODELS, &tls))?;
    Ok(ExitCode::SUCCESS)
}

async fn fetch_all(
    from: &str,
    dir: &Path,
    models: &[Model<'_>],
    tls: &OutboundTls,
) -> anyhow::Result<()> {
    let client = Client::builder()
        .tls_backend_preconfigured(tls.config())
        .connect_timeout(Duration::from_secs(20))
        // Between two pieces of the body: for a silent host, not a slow line.
        .read_timeout(Duration::from_secs(60))
        .build()?;
    for model in models {
        if is_there(dir, model) {
            println!("{} is there", dir.join(model.name).display());
            continue;
        }
        let part = directory::unfinished(dir, model.name);
        std::fs::create_dir_all(&part)
            .with_context(|| format!("cannot make {}", part.display()))?;
        for (file, digest) in model.files {
            let base = from.trim_end_matches('/');
            let url = format!("{base}/{}/resolve/{}/{file}", model.repository, model.revision);
            fetch(&client, &url, &part.join(file), digest).await?;
        }
        for (file, text) in model.settings {
            std::fs::write(part.join(file), text)?;
        }
        let source = format!("https://huggingface.co/{}/tree/{}", model.repository, model.revision);
        let manifest = Manifest::of(&part, &source)?;
        std::fs::write(part.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
        println!("{}", directory::finish(dir, model.name)?.display());
    }
    Ok(())
}

/// Whether the model exists with the pinned files.
fn is_there(dir: &Path, model: &Model<'_>) -> bool {
    let manifest = std::fs::read(dir.join(model.name).join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    manifest.is_some_and(|manifest| {
        model
            .files
            .iter()
            .all(|(file, digest)| manifest.files.get(*file).is_some_and(|it| it == digest))
    })
}

/// Downloads `url` to `path`, resuming an earlier attempt.
async fn fetch(client: &Client, url: &str, path: &Path, digest: &str) -> anyhow::Result<()> {
    if path.exists() && digest_of(path)? == *digest {
        return Ok(());
    }
    let partial = path.with_extension("partial");
    let mut have = std::fs::metadata(&partial).map_or(0, |it| it.len());
    let get = async |have: u64| {
        let mut request = client.get(url);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        request.send().await.with_context(|| format!("{url} cannot be reached"))
    };
    let mut response = get(have).await?;
    if have > 0 && response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // The local file is as long as the remote one, or longer: start again.
        have = 0;
        response = get(have).await?;
    }
    let status = response.status();
    let is_rest = status == StatusCode::PARTIAL_CONTENT;
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let is_asked_range = range.is_some_and(|it| it.starts_with(&format!("bytes {have}-")));
    if !status.is_success() || (is_rest && !is_asked_range) {
        bail!("{url} answered {status}");
    }
    let mut file = if is_rest {
        OpenOptions::new().append(true).open(&partial)?
    } else {
        have = 0;
        File::create(&partial)?
    };
    let total = response.content_length().map(|rest| rest + have);
    let mut progress = Progress::new(path, have, total);
    let mut body = response.bytes_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.with_context(|| {
            format!(
                "{url} broke off after {} bytes; run the command again to continue",
                progress.have
            )
        })?;
        file.write_all(&piece)?;
        progress.add(piece.len() as u64);
    }
    file.sync_all()?;
    drop(file);
    progress.end();
    let found = digest_of(&partial)?;
    if found != *digest {
        std::fs::remove_file(&partial)?;
        bail!("{url} has the SHA-256 {found}, not {digest}; it was thrown away");
    }
    std::fs::rename(&partial, path)?;
    Ok(())
}

/// A line on standard error: at most one per hundredth on a terminal, one per tenth elsewhere.
struct Progress {
    name: String,
    have: u64,
    total: Option<u64>,
    shown: u64,
    terminal: bool,
}

impl Progress {
    fn new(path: &Path, have: u64, total: Option<u64>) -> Self {
        let name =
            path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self { name, have, total, shown: 0, terminal: std::io::stderr().is_terminal() }
    }

    fn add(&mut self, bytes: u64) {
        self.have += bytes;
        let steps = if self.terminal { 100 } else { 10 };
        let step = match self.total {
            Some(total) if total > 0 => self.have * steps / total,
            _ => self.have >> 20,
        };
        if step > self.shown {
            self.shown = step;
            let total =
                self.total.map_or_else(|| "?".to_owned(), |total| (total >> 20).to_string());
            let line = format!("{}: {} of {total} MiB", self.name, self.have >> 20);
            if self.terminal {
                eprint!("\r{line}");
            } else {
                eprintln!("{line}");
            }
        }
    }

    fn end(&self) {
        if self.terminal && self.shown > 0 {
            eprintln!();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
    use hsc_answers::encoder::EncoderSet;
    use hsc_answers::encoder::synthetic::{Vocabulary, write};

    use super::*;

    fn tls() -> OutboundTls {
        OutboundTls::new("").expect("the known roots")
    }

    /// A publisher of one model: serves ranges, and can break off after a number of bytes.
    struct Publisher {
        files: PathBuf,
        /// The client's download folder.
        models: PathBuf,
        /// Bytes of the weights that are sent before the connection breaks.
        breaks_after: Mutex<Option<usize>>,
        /// The requested ranges.
        ranges: Mutex<Vec<String>>,
    }

    async fn serve(request: HttpRequest, publisher: web::Data<Publisher>) -> HttpResponse {
        let name = request.match_info().query("file").to_owned();
        let Ok(bytes) = std::fs::read(publisher.files.join(&name)) else {
            return HttpResponse::NotFound().finish();
        };
        let range = request.headers().get("range").and_then(|value| value.to_str().ok());
        let first = range.and_then(|range| {
            range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()
        });
        if let Some(range) = range {
            publisher.ranges.lock().expect("no test panics").push(format!("{name} {range}"));
        }
        if first.is_some_and(|first| first >= bytes.len()) {
            return HttpResponse::RangeNotSatisfiable().finish();
        }
        let body = bytes[first.unwrap_or(0)..].to_vec();
        let mut response = match first {
            None => HttpResponse::Ok(),
            Some(first) => {
                let mut response = HttpResponse::PartialContent();
                let all = bytes.len();
                response
                    .insert_header(("content-range", format!("bytes {first}-{}/{all}", all - 1)));
                response
            }
        };
        let breaks = publisher
            .breaks_after
            .lock()
            .expect("no test panics")
            .take_if(|_| name.ends_with(".safetensors"));
        match breaks {
            None => response.body(body),
            Some(length) => {
                let first = web::Bytes::copy_from_slice(&body[..length]);
                let models = publisher.models.clone();
                let cut = futures::stream::once(async move {
                    written(&models, length as u64).await;
                    Err(std::io::Error::other("the line is cut"))
                });
                let pieces = futures::stream::iter([Ok::<_, std::io::Error>(first)]).chain(cut);
                response.no_chunking(body.len() as u64).streaming(Box::pin(pieces))
            }
        }
    }

    /// Waits until the client has this many bytes: an error of the body drops what the server has not sent yet.
    async fn written(models: &Path, length: u64) {
        let is_written = || {
            let folders = std::fs::read_dir(models).into_iter().flatten().flatten();
            let mut files = folders.flat_map(|it| std::fs::read_dir(it.path())).flatten().flatten();
            files.any(|it| {
                it.path().extension().is_some_and(|it| it == "partial")
                    && it.metadata().is_ok_and(|it| it.len() >= length)
            })
        };
        let poll = async {
            while !is_written() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), poll)
            .await
            .expect("the client writes the first piece");
    }

    /// Runs `test` with a publisher's address, its state, the model and a directory.
    fn with_publisher<F: Future<Output = ()>>(
        test: impl FnOnce(String, web::Data<Publisher>, Vec<(&'static str, String)>, PathBuf) -> F,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let files = dir.path().join("published");
        write(&files, Vocabulary::WordPiece, 1).expect("written");
        let pinned = ["config.json", "tokenizer.json", "model.safetensors"]
            .map(|name| (name, digest_of(&files.join(name)).expect("read")));
        actix_web::rt::System::new().block_on(async {
            let publisher = web::Data::new(Publisher {
                files,
                models: dir.path().join("models"),
                breaks_after: Mutex::default(),
                ranges: Mutex::default(),
            });
            let shared = publisher.clone();
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(shared.clone())
                    .route("/some/model/resolve/r1/{file}", web::get().to(serve))
            })
            .workers(1)
            .bind(("127.0.0.1", 0))
            .expect("a free port");
            let address = server.addrs()[0];
            let server = server.run();
            let handle = server.handle();
            actix_web::rt::spawn(server);
            test(
                format!("http://{address}/"),
                publisher,
                pinned.to_vec(),
                dir.path().join("models"),
            )
            .await;
            handle.stop(false).await;
        });
    }

    fn model<'a>(files: &'a [(&'a str, &'a str)]) -> Model<'a> {
        Model {
            name: "tiny",
            repository: "some/model",
            revision: "r1",
            files,
            settings: &[("extra.json", "{}")],
        }
    }

    fn borrowed<'a>(pinned: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
        pinned.iter().map(|(name, digest)| (*name, digest.as_str())).collect::<Vec<_>>()
    }

    #[test]
    fn an_interrupted_download_is_resumed() {
        with_publisher(|from, publisher, pinned, dir| async move {
            let files = borrowed(&pinned);
            let model = [model(&files)];
            *publisher.breaks_after.lock().expect("no test panics") = Some(1_000);
            let error = fetch_all(&from, &dir, &model, &tls()).await.expect_err("the line is cut");
            assert!(format!("{error:#}").contains("broke off after 1000 bytes"), "{error:#}");
            assert!(EncoderSet::load(&dir, 1, || ()).is_err(), "half a model is none");
            fetch_all(&from, &dir, &model, &tls()).await.expect("the line is whole");
            assert_eq!(
                *publisher.ranges.lock().expect("no test panics"),
                ["model.safetensors bytes=1000-"]
            );
            let set = EncoderSet::load(&dir, 1, || ()).expect("the model is whole");
            assert_eq!(set.members()[0].name(), "tiny");
            assert!(dir.join("tiny").join("extra.json").exists());
        });
    }

    #[test]
    fn an_existing_model_is_not_downloaded() {
        with_publisher(|from, publisher, pinned, dir| async move {
            let files = borrowed(&pinned);
            let model = [model(&files)];
            fetch_all(&from, &dir, &model, &tls()).await.expect("it is published");
            std::fs::remove_dir_all(&publisher.files).expect("removed");
            fetch_all(&from, &dir, &model, &tls()).await.expect("it is there");
        });
    }

    #[test]
    fn a_file_with_another_digest_is_deleted() {
        with_publisher(|from, _, mut pinned, dir| async move {
            pinned[2].1 = "0".repeat(64);
            let files = borrowed(&pinned);
            let error =
                fetch_all(&from, &dir, &[model(&files)], &tls()).await.expect_err("other weights");
            assert!(error.to_string().contains("SHA-256"), "{error}");
            assert!(EncoderSet::load(&dir, 1, || ()).is_err(), "it is no model");
            let remaining: Vec<_> =
                std::fs::read_dir(dir.join(".tiny.part")).expect("read").flatten().collect();
            assert!(
                remaining
                    .iter()
                    .all(|entry| entry.path().extension().is_none_or(|it| it != "partial"))
            );
        });
    }

    #[test]
    fn a_missing_file_is_reported_with_its_publisher() {
        with_publisher(|from, _, pinned, dir| async move {
            let files = borrowed(&pinned);
            let other = Model { revision: "r2", ..model(&files) };
            let error =
                fetch_all(&from, &dir, &[other], &tls()).await.expect_err("no such revision");
            assert!(error.to_string().contains("404"), "{error}");
        });
    }

    #[test]
    fn every_default_model_is_pinned() {
        for model in &MODELS {
            assert_eq!(model.revision.len(), 40, "{}", model.name);
            assert_eq!(model.files.len(), 3);
            for (file, digest) in model.files {
                assert!(
                    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{file}"
                );
            }
        }
    }
}
