//! Tries a brand file in a copy of the catalog, before it is used.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{Problem, load_dir_with, load_files};
use crate::model::{Brand, Product};
use crate::{Catalog, LoadReport};

/// The catalog that would result if a file had another content.
#[derive(Debug)]
pub struct Trial {
    /// Version of the resulting catalog.
    pub version: String,
    /// The brand that the file defines, or the first that its products name.
    pub brand: Option<Arc<Brand>>,
    /// Products of the file in the resulting catalog.
    pub products: usize,
    /// Ids of new products, sorted like the lists below.
    pub added: Vec<String>,
    /// Ids of products that would change.
    pub changed: Vec<String>,
    /// Ids of products that would be removed.
    pub removed: Vec<String>,
    /// Ids of the file that another file also has, each with that file's name.
    pub clashes: Vec<(String, String)>,
    /// Problems of the file, and those it would cause in other files.
    pub problems: Vec<Problem>,
    /// Why the resulting catalog would be rejected; `None` if it would be accepted.
    pub unfit: Option<String>,
}

impl Trial {
    /// Tries a text as the file of this name, against the current catalog and its problems.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(
        dir: &Path,
        name: &str,
        text: &str,
        now: &Catalog,
        known: &[Problem],
    ) -> io::Result<Self> {
        let LoadReport { catalog: then, problems } = load_dir_with(dir, name, text)?;
        let own = load_files([(name, text)]).catalog;
        let is_new = |problem: &Problem| problem.file == name || !known.contains(problem);
        let unfit =
            problems.iter().find(|problem| problem.is_of_the_file()).map(Problem::to_string);
        let nothing_left =
            then.products().is_empty().then(|| "no product would be left".to_owned());
        let of_the_file = |product: &&Arc<Product>| then.file_of_product(&product.id) == Some(name);
        Ok(Self {
            version: then.version().to_owned(),
            brand: brand_of(&own, &then),
            products: then.products().iter().filter(of_the_file).count(),
            added: ids(then.products().iter().filter(|it| now.product(&it.id).is_none())),
            changed: ids(then
                .products()
                .iter()
                .filter(|it| now.product(&it.id).is_some_and(|before| before != *it))),
            removed: ids(now.products().iter().filter(|it| then.product(&it.id).is_none())),
            clashes: clashes(name, &own, now, &then),
            problems: problems.into_iter().filter(is_new).collect(),
            unfit: unfit.or(nothing_left),
        })
    }
}

/// The brand of the file's products in the resulting catalog.
fn brand_of(own: &Catalog, then: &Catalog) -> Option<Arc<Brand>> {
    let of_products = own.products().first().map(|product| &product.brand_id);
    let of_file = || own.brands().next().map(|(brand, _)| &brand.id);
    let id = of_products.or_else(of_file)?;
    then.brand(id).or_else(|| own.brand(id)).map(Arc::clone)
}

/// Ids of the file that another file has too: an earlier file, which would keep them, or a later
/// file, which has them now and would lose them.
fn clashes(name: &str, own: &Catalog, now: &Catalog, then: &Catalog) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = own
        .products()
        .iter()
        .filter_map(|product| {
            let places = [then.file_of_product(&product.id), now.file_of_product(&product.id)];
            let other = places.into_iter().flatten().find(|file| *file != name)?;
            Some((product.id.to_string(), other.to_owned()))
        })
        .collect();
    found.sort();
    found
}

fn ids<'a>(products: impl Iterator<Item = &'a Arc<Product>>) -> Vec<String> {
    let mut ids: Vec<String> = products.map(|product| product.id.to_string()).collect();
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load_dir;

    const OAK: &str = r#"{"brand_identity":{"id":"oak","name":"Oak"},"products":[
        {"id":"o-1","name":"One"},{"id":"o-2","name":"Two","relationships":[{"type":"part","target_id":"o-1"}]}]}"#;
    const ELM: &str = r#"{"brand_identity":{"id":"elm","name":"Elm"},"products":[
        {"id":"e-1","name":"One","relationships":[{"type":"part","target_id":"o-2"}]}]}"#;

    /// The trial in a folder with the two brands.
    fn tried(name: &str, text: &str) -> Trial {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("elm.json"), ELM).expect("written");
        std::fs::write(dir.path().join("oak.json"), OAK).expect("written");
        let now = load_dir(dir.path()).expect("read");
        assert!(now.problems.is_empty());
        let trial = Trial::of(dir.path(), name, text, &now.catalog, &now.problems).expect("read");
        // Nothing was written, and the trial equals a real load.
        assert_eq!(load_dir(dir.path()).expect("read").catalog.version(), now.catalog.version());
        std::fs::write(dir.path().join(name), text).expect("written");
        assert_eq!(load_dir(dir.path()).expect("read").catalog.version(), trial.version);
        trial
    }

    #[test]
    fn a_new_brand_is_added() {
        let text =
            r#"{"brand_identity":{"id":"ash","name":"Ash"},"products":[{"id":"a-1","name":"A"}]}"#;
        let trial = tried("ash.json", text);
        assert_eq!(
            (trial.added, trial.changed, trial.removed),
            (vec!["a-1".into()], vec![], vec![])
        );
        assert_eq!((&*trial.brand.expect("a brand").name, trial.products), ("Ash", 1));
        assert!(trial.clashes.is_empty() && trial.problems.is_empty() && trial.unfit.is_none());
    }

    #[test]
    fn changes_removals_and_dangling_links_of_other_files_are_reported() {
        let text = r#"{"brand_identity":{"id":"oak","name":"Oak"},"products":[{"id":"o-1","name":"Uno"},{"id":"o-3","name":"Three"}]}"#;
        let trial = tried("oak.json", text);
        assert_eq!(trial.added, ["o-3"]);
        // The product of the other file loses its link.
        assert_eq!(trial.changed, ["e-1", "o-1"]);
        assert_eq!(trial.removed, ["o-2"]);
        let files: Vec<&str> = trial.problems.iter().map(|problem| &*problem.file).collect();
        assert_eq!(files, ["elm.json"]);
        assert!(trial.unfit.is_none());
    }

    #[test]
    fn an_id_of_another_file_is_a_conflict_in_either_load_order() {
        let text = r#"{"brand_identity":{"id":"x","name":"X"},"products":[{"id":"o-1","name":"Mine"},{"id":"x-1","name":"X"}]}"#;
        let expected = vec![("o-1".to_owned(), "oak.json".to_owned())];
        assert_eq!(tried("aaa.json", text).clashes, expected);
        let behind = tried("zzz.json", text);
        assert_eq!(behind.clashes, expected);
        assert_eq!((behind.products, behind.added), (1, vec!["x-1".to_owned()]));
    }

    #[test]
    fn an_invalid_file_is_unfit_with_the_reason() {
        let trial = tried("oak.json", "{ \"products\": [ {");
        assert!(trial.unfit.expect("a reason").contains("oak.json: is not JSON"));
        assert_eq!(trial.removed, ["o-1", "o-2"]);
        assert!(trial.brand.is_none());
    }

    #[test]
    fn an_invalid_product_is_a_problem_and_the_rest_is_fit() {
        let text = r#"{"brand_identity":{"id":"oak","name":"Oak"},"products":[{"id":"o-1"},{"id":"o-2","name":"Two"}]}"#;
        let trial = tried("oak.json", text);
        assert!(trial.unfit.is_none());
        assert!(trial.problems.iter().any(|problem| problem.file == "oak.json"));
    }
}
