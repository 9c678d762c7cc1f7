//! Prints `docs/configuration.md`: `cargo run -p hsc-config --example configuration_page > docs/configuration.md`.

fn main() {
    print!("{}", hsc_config::reference_markdown());
}
