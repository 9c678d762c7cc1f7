//! Prints `docs/metrics.md`: `cargo run -p hsc-monitoring --example reference > docs/metrics.md`.

fn main() {
    print!("{}", hsc_monitoring::reference_markdown());
}
