//! The plan of a catalog, and its files, one brand at a time.

use std::ops::RangeInclusive;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{brand, manual};

/// The size of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Number of brands, each in a file of its own.
    pub brands: usize,
    /// Number of products in total.
    pub products: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Number of products with a manual, as Markdown for manual-writer; evenly spread.
    pub manuals: usize,
    /// Approximate number of pages of a manual.
    pub pages: RangeInclusive<usize>,
}

/// A file to write below the catalog folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its path below the folder, with `/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why a plan is invalid.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    /// A brand without a product is invalid.
    #[error(
        "{products} products cannot be shared out among {brands} brands; ask for at least one brand, and a product for each"
    )]
    TooFewProducts {
        /// Requested brands.
        brands: usize,
        /// Requested products.
        products: usize,
    },
    /// More manuals than products.
    #[error("{manuals} manuals were asked for, but there are {products} products")]
    TooManyManuals {
        /// Requested manuals.
        manuals: usize,
        /// Requested products.
        products: usize,
    },
    /// The number of pages is out of range.
    #[error(
        "manuals of {from} to {to} pages cannot be made; pages go from {least} to {most}, the smaller number first"
    )]
    Pages {
        /// Requested minimum.
        from: usize,
        /// Requested maximum.
        to: usize,
        /// Smallest possible value.
        least: usize,
        /// Largest possible value.
        most: usize,
    },
}

/// Minimum pages of a manual: title, contents, safety, use, trouble and data.
const LEAST_PAGES: usize = 8;
/// Maximum pages of a manual: the length of the longest real ones.
const MOST_PAGES: usize = 400;

impl Plan {
    /// Generates the files one after the other: the catalog of a brand, then the sources of its manuals. Only one
    /// brand is in memory at a time.
    ///
    /// ```
    /// use hsc_catalogs::generate::Plan;
    /// let plan = Plan { brands: 2, products: 30, seed: 1, manuals: 0, pages: 20..=40 };
    /// let paths: Vec<String> = plan.files()?.map(|file| file.path).collect();
    /// assert_eq!(paths.len(), 2);
    /// # Ok::<(), hsc_catalogs::generate::PlanError>(())
    /// ```
    ///
    /// # Errors
    /// When the plan is invalid.
    pub fn files(&self) -> Result<impl Iterator<Item = GeneratedFile> + use<>, PlanError> {
        let (brands, products, manuals) = (self.brands, self.products, self.manuals);
        if brands == 0 || products < brands {
            return Err(PlanError::TooFewProducts { brands, products });
        }
        if manuals > products {
            return Err(PlanError::TooManyManuals { manuals, products });
        }
        let (from, to) = (*self.pages.start(), *self.pages.end());
        if from > to || from < LEAST_PAGES || to > MOST_PAGES {
            let (least, most) = (LEAST_PAGES, MOST_PAGES);
            return Err(PlanError::Pages { from, to, least, most });
        }
        let plan = self.clone();
        let outlines = brand::share_out(&mut plan.chance(0), brands, products);
        let mut done = 0;
        Ok(outlines.into_iter().zip(1..).flat_map(move |(outline, stream)| {
            let first = done;
            done += outline.products;
            plan.files_of(&outline, stream, first)
        }))
    }

    fn files_of(&self, outline: &brand::Outline, stream: u64, first: usize) -> Vec<GeneratedFile> {
        let mut chance = self.chance(stream);
        // Evenly spread: the number of manuals among the first n products is rounded down.
        let due = |at: usize| (first + at) * self.manuals / self.products;
        let with_manual = |at: usize| due(at + 1) > due(at);
        let made = brand::products(&mut chance, outline, with_manual);
        let mut files = vec![GeneratedFile {
            path: format!("{}.json", outline.id),
            bytes: brand::file(outline, &made),
        }];
        for one in made.iter().filter(|one| one.has_manual) {
            files.push(GeneratedFile {
                path: one.manual_path().replace(".pdf", ".md"),
                bytes: manual::source(&mut chance, outline, one, &self.pages).into_bytes(),
            });
        }
        files
    }

    /// The random numbers of one brand: a separate stream, so that brands are independent.
    fn chance(&self, stream: u64) -> ChaCha8Rng {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        chance.set_stream(stream);
        chance
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::DefaultHasher;
    use std::hash::{Hash as _, Hasher as _};

    use super::*;
    use crate::{Stats, load_files};

    fn plan(seed: u64) -> Plan {
        Plan { brands: 7, products: 300, seed, manuals: 3, pages: 20..=30 }
    }

    fn hash(plan: &Plan) -> u64 {
        let mut hasher = DefaultHasher::new();
        for file in plan.files().expect("a plan that can be followed") {
            (file.path, file.bytes).hash(&mut hasher);
        }
        hasher.finish()
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes_and_another_seed_gives_others() {
        assert_eq!(hash(&plan(1)), hash(&plan(1)));
        assert_ne!(hash(&plan(1)), hash(&plan(2)));
    }

    #[test]
    fn a_generated_catalog_loads_without_problems_in_the_requested_size() {
        let files: Vec<GeneratedFile> = plan(1).files().expect("a plan").collect();
        let texts: Vec<(String, String)> = files
            .iter()
            .filter(|file| file.path.ends_with(".json"))
            .map(|file| (file.path.clone(), String::from_utf8(file.bytes.clone()).expect("JSON")))
            .collect();
        let report = load_files(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let stats = Stats::of(&report.catalog);
        assert_eq!((stats.brands, stats.products, stats.with_manual), (7, 300, 3));
        assert!(stats.relationships > 200, "{}", stats.relationships);
        assert!(stats.languages["he"] > 0);
        let named: Vec<&str> = report
            .catalog
            .products()
            .iter()
            .filter_map(|product| product.documentation.as_ref())
            .map(|documentation| documentation.url.as_str())
            .collect();
        let mut written: Vec<String> = files
            .iter()
            .filter_map(|file| file.path.strip_suffix(".md"))
            .map(|path| format!("{path}.pdf"))
            .collect();
        written.sort_by_key(|path| named.iter().position(|name| name == path));
        assert_eq!(named, written);
    }

    #[test]
    fn every_product_is_found_by_its_model_number() {
        let files: Vec<GeneratedFile> =
            Plan { manuals: 0, ..plan(3) }.files().expect("a plan").collect();
        let texts: Vec<(&str, &str)> = files
            .iter()
            .map(|file| (file.path.as_str(), std::str::from_utf8(&file.bytes).expect("JSON")))
            .collect();
        let catalog = load_files(texts).catalog;
        for product in catalog.products() {
            let model = product.model.as_deref().expect("every generated product has one");
            let brand = &product.brand_name;
            let found = catalog.search(&format!("{brand} {model}"), 3);
            // Among the first: `TQN99P` may also be the beginning of `TQN99 Pro`.
            assert!(found.iter().any(|found| found.product.id == product.id), "{brand} {model}");
        }
    }

    #[test]
    fn an_invalid_plan_is_refused_with_the_reason() {
        for (plan, reason) in [
            (Plan { brands: 0, ..plan(1) }, "among 0 brands"),
            (Plan { products: 6, ..plan(1) }, "6 products cannot be shared out among 7 brands"),
            (Plan { manuals: 301, ..plan(1) }, "301 manuals were asked for"),
            (Plan { pages: RangeInclusive::new(30, 20), ..plan(1) }, "manuals of 30 to 20 pages"),
            (Plan { pages: 1..=20, ..plan(1) }, "pages go from 8 to 400"),
        ] {
            let error = plan.files().map(|_| ()).expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
