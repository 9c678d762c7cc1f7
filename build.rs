//! Makes sure that the folder of the built pages exists and that a rebuilt page is embedded again.
//!
//! `web/dist` is made by `make web` and is not in git; a server built without it still runs and says
//! on `/` how to build the pages.

fn main() {
    // Without the folder cargo would see it as changed with every build.
    std::fs::create_dir_all("web/dist").expect("the folder of the built pages can be made");
    println!("cargo:rerun-if-changed=web/dist");
    println!("cargo:rerun-if-changed=build.rs");
}
