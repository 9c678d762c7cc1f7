//! Prints `docs/metrics.md`: `cargo run -p hsc-monitoring --example metrics_page > docs/metrics.md`.

fn main() {
    print!("{}", hsc_monitoring::reference_markdown());
}
