//! A catalog folder of an invented brand, created for each test.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The product with a manual that answers.
pub(crate) const LIGHT: &str = "nordlicht-nl-200";
/// The product without a manual and without a price.
pub(crate) const TRIPOD: &str = "nordlicht-tp-1";
/// The product with a PDF as its manual.
pub(crate) const MIXER: &str = "nordlicht-mx-9";
/// The content of the PDF file. It is served, not read.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n% thirty-six bytes in a file\n";

/// The manual of the light.
pub(crate) const MANUAL: &str = "<!doctype html><html><head><title>NL-200 manual</title></head><body>
<h1>NL-200 Stage Light</h1>
<h2>Safety</h2><p>Keep the lamp away from water. Never open the housing while it is plugged in.</p>
<h2>Resetting the lamp</h2><p>To reset the lamp to its factory settings, hold the Menu button for ten seconds until the display shows RST.</p>
<h2>Replacing the fuse</h2><p>Unplug the lamp. Turn the fuse holder to the left, put in a new 5 A fuse and close the holder.</p>
<h2>Specifications</h2><table><tr><th>Weight</th><td>7.5 kg</td></tr><tr><th>Power</th><td>180 W</td></tr></table>
</body></html>";

/// A folder of catalog files.
pub(crate) struct Shop {
    dir: PathBuf,
    /// The folder around it, for files that the server must not take for a change of its catalog.
    around: TempDir,
}

impl Shop {
    /// The folder with its brand: three products for tests, and enough others for a sample.
    pub(crate) fn new() -> Self {
        let around = tempfile::tempdir().expect("a temporary folder");
        let shop = Self { dir: around.path().join("catalogs"), around };
        shop.write("manuals/nl-200.html", MANUAL.as_bytes());
        shop.write("manuals/mx-9.pdf", PDF);
        shop.write("static/logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
        shop.write_catalog(&catalog(60));
        shop
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The server's log file: outside of the folder that it watches, else each line would cause a reload
    /// of the catalog.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.around.path().join("log.jsonl")
    }

    pub(crate) fn write_catalog(&self, catalog: &Value) {
        self.write("nordlicht.json", catalog.to_string().as_bytes());
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.dir().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }
}

/// The brand with so many cables beside its three other products.
pub(crate) fn catalog(cables: usize) -> Value {
    let mut products = vec![
        json!({ "id": LIGHT, "name": "Nordlicht NL-200 Stage Light", "category": "Stage Light",
            "production_country": "Norway", "price": { "amount": 499, "currency": "EUR" },
            "a_field_nobody_knows": [1, 2],
            "documentation": { "type": "html", "url": "manuals/nl-200.html" },
            "relationships": [{ "type": "accessory", "target_id": TRIPOD, "label": "Tripod" }] }),
        json!({ "id": TRIPOD, "name": "Nordlicht TP-1 Tripod", "category": "Tripod" }),
        json!({ "id": MIXER, "name": "Nordlicht MX-9 Mixing Desk", "category": "Mixer",
            "documentation": { "type": "pdf", "url": "manuals/mx-9.pdf" } }),
    ];
    products.extend((0..cables).map(|number| {
        json!({ "id": format!("nordlicht-cb-{number}"), "name": format!("Nordlicht CB-{number} Cable"),
            "category": "Cable" })
    }));
    json!({ "brand_identity": { "id": "nordlicht", "name": "Nordlicht", "hq": "Tromsø" },
        "products": products })
}
