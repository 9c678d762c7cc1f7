//! The loader of manuals, for the routes that hand out a manual's file and tell how manuals are.

use futures::future::BoxFuture;
use hsc_actors::ports::ManualError;
use hsc_catalogs::Documentation;

use crate::http;
use crate::manuals::Loader;

/// The files of manuals.
pub(crate) struct ManualFiles(pub(crate) Loader);

impl http::Originals for ManualFiles {
    fn original(
        &self,
        documentation: Documentation,
    ) -> BoxFuture<'static, Result<http::Original, ManualError>> {
        let loader = self.0.clone();
        let original = async move {
            let found = loader.original(&documentation).await?;
            Ok(http::Original { path: found.path, media_type: found.media_type })
        };
        Box::pin(original)
    }

    fn last_load(&self, documentation: &Documentation) -> Option<http::LastLoad> {
        let last = self.0.last_load(documentation)?;
        Some(http::LastLoad { at: last.at, pages: last.pages, fault: last.fault })
    }

    fn kept(&self, documentation: &Documentation) -> Option<http::KeptFile> {
        let kept = self.0.kept(documentation)?;
        Some(http::KeptFile { bytes: kept.bytes, at: kept.at })
    }
}
