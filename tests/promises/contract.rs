//! Runs one contract over each implementation: every promise with each stage, in a module with the stage's name.

/// `contract! { over sqlite postgres: { a_promise another } }` makes `sqlite::a_promise` and so on, each a test that
/// calls the promise with a fresh `Stage::sqlite()`.
macro_rules! contract {
    (over $($stage:ident)+: $promises:tt) => {
        $(contract! { @ $stage $promises })+
    };
    (@ $stage:ident { $($promise:ident)+ }) => {
        mod $stage {
            $(#[actix_web::test]
            async fn $promise() {
                super::$promise(super::Stage::$stage().await).await;
            })+
        }
    };
}
pub(crate) use contract;
