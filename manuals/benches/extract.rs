//! Turning a manual into pages and passages: time a document, and pages a second.
//!
//! Run it with `cargo bench -p hsc-manuals --bench extract`. Every PDF of `catalogs/data/manuals` is read as the
//! server reads it, on one thread and on all; a folder in `HSC_BENCH_MANUALS` is read instead.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hsc_catalogs::DocumentationKind;
use hsc_manuals::{HtmlLimits, Limits, read};

fn folder() -> PathBuf {
    std::env::var_os("HSC_BENCH_MANUALS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalogs/data/manuals")),
        PathBuf::from,
    )
}

/// The PDFs of the folder, by name; none when there is no such folder.
fn manuals() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    let mut manuals: Vec<_> = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_string_lossy().into_owned();
            Some((name, std::fs::read(path).ok()?))
        })
        .collect();
    manuals.sort();
    manuals
}

fn extract(criterion: &mut Criterion) {
    let limits = |threads| Limits {
        max_pages: 2_000,
        max_text_bytes: 32 << 20,
        timeout_ms: 30_000,
        threads,
        html: HtmlLimits { max_nodes: 1_000_000, max_depth: 512, max_attributes: 256 },
    };
    for (name, bytes) in manuals() {
        let pages =
            read(&bytes, DocumentationKind::Pdf, None, limits(1)).expect("a manual").pages.len();
        let mut group = criterion.benchmark_group(format!("extract/{name}"));
        // Elements are pages, so criterion prints pages a second.
        group.sample_size(20).throughput(Throughput::Elements(pages as u64));
        for (label, threads) in [("one thread", 1), ("all cores", Limits::all_cores())] {
            let limits = limits(threads);
            group.bench_function(label, |bencher| {
                bencher.iter(|| read(black_box(&bytes), DocumentationKind::Pdf, None, limits));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, extract);
criterion_main!(benches);
