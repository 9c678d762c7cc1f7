//! `hsc manuals …`: the manuals of a catalog, without a server.
//!
//! `warm` fetches, reads and embeds every manual, so that a server that starts with the same folders (or the same
//! Redis) finds them ready. Without a model it fetches and reads them: no model is no failure, a damaged one is.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use hsc_actors::cache::CacheLimits;
use hsc_actors::ports::{ManualLoader as _, SharedVectors};
use hsc_actors::supervision::{Root, Threads};
use hsc_actors::{ManualCache, SupervisionConfig};
use hsc_catalogs::Product;
use hsc_config::Settings;
use hsc_conversation::answer::ManualRequest;
use hsc_monitoring::Metrics;
use tokio::time::{sleep, timeout};

use crate::embeddings::{self, Embeddings, ModelState};
use crate::manuals::Loader;
use crate::outbound::OutboundTls;
use crate::pods::Link;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Fetch, read and, with a model, embed the manuals of the catalog in advance.
    Warm(WarmArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct WarmArgs {
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only the manuals of these products.
    #[arg(long = "product", value_name = "ID")]
    products: Vec<String>,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Warm(args) = command;
    let settings = Settings::load(args.config.as_deref(), hsc_config::environment())?;
    actix::System::new().block_on(warm(&settings, &args.products))
}

/// Most manuals in the embedding queue, before the next one is read.
const MOST_WAITING: usize = 4;
/// Longest wait for Redis.
const REDIS_ANSWERS: Duration = Duration::from_secs(5);
/// Interval at which the encoder's progress is polled.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Longest wait for the model to load.
const MODEL_LOADS: Duration = Duration::from_secs(60);

async fn warm(settings: &Settings, ids: &[String]) -> anyhow::Result<ExitCode> {
    let dir = Path::new(&settings.catalog.dir);
    let report = hsc_catalogs::load_dir(dir)
        .with_context(|| format!("cannot read the catalog folder {}", dir.display()))?;
    let selected = selected(report.catalog.products(), ids)?;
    let metrics = Metrics::new();
    let link = settings.redis.url.reveal().map(|_| Link::connect(&settings.redis)).transpose()?;
    if let Some(link) = &link
        && timeout(REDIS_ANSWERS, link.up()).await.is_err()
    {
        eprintln!("Redis does not answer: vectors are stored on this machine only");
    }
    let pods = link.map(|link| Arc::new(link) as Arc<dyn SharedVectors>);
    let encoder = Embeddings::new(&settings.answers.encoder, pods, &metrics);
    let tls = OutboundTls::new(&settings.outbound.ca_file)?;
    let (loader, limits) = whole_manuals(settings, dir, &tls, &metrics)?;
    let supervision = SupervisionConfig::from(&settings.actors);
    let manual_cache = ManualCache::new(Arc::new(loader), None, limits, supervision.care, &metrics);
    let mut children = manual_cache.children();
    children.push(embeddings::worker(&encoder, supervision.care, &metrics));
    let threads = Arc::new(Threads::start(supervision.threads));
    let _root = Root::start(children, &supervision, threads, &metrics);
    let answerer = crate::answers::from(
        &settings.answers,
        Arc::new(manual_cache.clone()),
        Some(Arc::new(encoder.clone())),
        hsc_answers::RankingParts::ALL,
        &tls,
        &metrics,
    )?;
    let embeddings = embeddings_of(&encoder, &settings.answers.encoder.dir).await;
    if let EmbeddingState::Skipped(why) | EmbeddingState::Failed(why) = &embeddings {
        eprintln!("no embeddings: {why}");
    }
    let mut bar = ProgressBar::new(selected.len());
    let mut failed = 0;
    for product in selected {
        let Some(documentation) = product.documentation.clone() else { continue };
        match manual_cache.load(ManualRequest { documentation }, None).await {
            Ok(manual) if matches!(embeddings, EmbeddingState::Made) => {
                answerer.prepare(Arc::clone(&product), manual).await;
            }
            Ok(_) => {}
            Err(error) => {
                failed += 1;
                bar.say(&format!("{}: {error}", product.id));
            }
        }
        bar.step(&product.name);
        while encoder.waiting() > MOST_WAITING {
            sleep(LOOK_EVERY).await;
        }
    }
    if matches!(embeddings, EmbeddingState::Made) {
        bar.last("embedding the last ones");
    }
    while encoder.waiting() > 0 {
        sleep(LOOK_EVERY).await;
    }
    bar.end(failed, &embeddings);
    let is_whole = failed == 0 && !matches!(embeddings, EmbeddingState::Failed(_));
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A loader that waits for the text of scanned pages, and the limits of a cache that waits for the loader.
pub(super) fn whole_manuals(
    settings: &Settings,
    dir: &Path,
    tls: &OutboundTls,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Loader, CacheLimits)> {
    let loader = Loader::new(&settings.manuals, dir, tls, Arc::clone(metrics))?.waits_for_ocr();
    let mut limits = CacheLimits::of(&settings.cache, &settings.cache.manuals);
    limits.load_timeout += loader.longest_ocr();
    Ok((loader, limits))
}

/// One product for each requested manual.
fn selected(products: &[Arc<Product>], ids: &[String]) -> anyhow::Result<Vec<Arc<Product>>> {
    if let Some(unknown) = ids.iter().find(|id| !products.iter().any(|it| *it.id == **id)) {
        bail!("the catalog has no product {unknown}");
    }
    let mut seen = HashSet::new();
    Ok(products
        .iter()
        .filter(|product| ids.is_empty() || ids.iter().any(|id| **id == *product.id))
        .filter(|product| product.documentation.as_ref().is_some_and(|it| seen.insert(it.clone())))
        .cloned()
        .collect())
}

/// What becomes of the embeddings of the manuals.
enum EmbeddingState {
    Made,
    /// There is no model, by choice or not yet, and why.
    Skipped(String),
    /// The model that is there cannot be used, and why.
    Failed(String),
}

/// Waits until the directory was read.
async fn embeddings_of(encoder: &Embeddings, dir: &str) -> EmbeddingState {
    let mut waited = Duration::ZERO;
    while waited < MODEL_LOADS {
        match encoder.model() {
            ModelState::Ready(_) => return EmbeddingState::Made,
            ModelState::Disabled => {
                return EmbeddingState::Skipped("answers.encoder.enabled is false".to_owned());
            }
            ModelState::Damaged(why) => {
                return EmbeddingState::Failed(format!("the model cannot be used: {why}"));
            }
            ModelState::Missing if encoder.has_looked() => {
                let why = format!("{dir} holds no model; `hsc model fetch` puts one there");
                return EmbeddingState::Skipped(why);
            }
            ModelState::Missing => {}
        }
        sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
    EmbeddingState::Failed(format!("the model was not loaded within {MODEL_LOADS:?}"))
}

/// Progress on standard error: a bar on a terminal, one line per manual elsewhere.
struct ProgressBar {
    done: usize,
    total: usize,
    terminal: bool,
}

impl ProgressBar {
    fn new(total: usize) -> Self {
        Self { done: 0, total, terminal: std::io::stderr().is_terminal() }
    }

    fn step(&mut self, name: &str) {
        self.done += 1;
        self.last(name);
    }

    fn last(&self, what: &str) {
        if self.terminal {
            let full = (self.done * 30).checked_div(self.total).unwrap_or(30);
            let bar = format!("{}{}", "#".repeat(full), ".".repeat(30 - full));
            // Clears the rest of a longer name.
            eprint!("\r\u{1b}[K[{bar}] {}/{} {what}", self.done, self.total);
        } else {
            eprintln!("{}/{} {what}", self.done, self.total);
        }
    }

    fn say(&self, line: &str) {
        let begin = if self.terminal { "\r\u{1b}[K" } else { "" };
        eprintln!("{begin}{line}");
    }

    fn end(&self, failed: usize, embeddings: &EmbeddingState) {
        if self.terminal {
            eprintln!();
        }
        let embedded = match embeddings {
            EmbeddingState::Made => "",
            EmbeddingState::Skipped(_) => "; embeddings were skipped",
            EmbeddingState::Failed(_) => "; embeddings failed",
        };
        println!("{} manuals, {failed} of them could not be read{embedded}", self.total);
    }
}

#[cfg(test)]
mod tests {
    use hsc_catalogs::{Documentation, DocumentationKind, Entry};

    use super::*;

    fn product(id: &str, url: Option<&str>) -> Arc<Product> {
        Arc::new(Product {
            id: id.into(),
            name: "".into(),
            brand_id: "".into(),
            brand_name: "".into(),
            category: "".into(),
            model: None,
            aliases: Vec::new(),
            production_country: None,
            documentation: url.map(|url| Documentation {
                kind: DocumentationKind::Pdf,
                url: url.to_owned(),
                backup_url: None,
            }),
            relationships: Vec::new(),
            entry: Entry::from_map(&serde_json::Map::new()),
        })
    }

    #[test]
    fn a_shared_manual_is_warmed_once() {
        let products = [
            product("a", Some("x.pdf")),
            product("b", Some("x.pdf")),
            product("c", None),
            product("d", Some("y.pdf")),
        ];
        let ids = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            selected(&products, &ids)
                .map(|found| found.iter().map(|it| it.id.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(ids(&[]).expect("all"), ["a", "d"]);
        assert_eq!(ids(&["b", "c"]).expect("known"), ["b"]);
        assert!(ids(&["e"]).is_err());
    }
}
