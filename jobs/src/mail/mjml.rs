//! Turns the letters' MJML into HTML ahead of time, so that nothing is compiled when a letter is
//! written out. Only the tests and `cargo run -p perennial-jobs --example compile_letters` use it.

use std::fs;
use std::path::{Path, PathBuf};

use mrml::prelude::parser::ParserOptions;
use mrml::prelude::render::RenderOptions;

/// What letters include.
const SHARED: [&str; 3] = ["head.mjml", "top.mjml", "foot.mjml"];

/// Where the templates are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail/templates")
}

/// Each letter's compiled HTML and the file it belongs in.
pub(crate) fn compile_all() -> Vec<(PathBuf, String)> {
    let mut sources: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the templates are beside the code")
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mjml"))
        .filter(|path| !SHARED.iter().any(|shared| path.ends_with(shared)))
        .collect();
    sources.sort();
    sources.into_iter().map(|source| (source.with_extension("html"), compile(&source))).collect()
}

fn compile(source: &Path) -> String {
    let name = source.display();
    let parsed = mrml::parse_with_options(with_includes(&read(source)), &ParserOptions::default())
        .unwrap_or_else(|error| panic!("{name} is no MJML: {error}"));
    assert!(parsed.warnings.is_empty(), "{name}: {:?}", parsed.warnings);
    // No fonts: a letter loads nothing from anywhere.
    let options = RenderOptions { fonts: Default::default(), ..RenderOptions::default() };
    let html = parsed
        .element
        .render(&options)
        .unwrap_or_else(|error| panic!("{name} does not compile: {error}"));
    format!("{}\n", html.trim_end())
}

/// Puts the shared parts in. mrml can do it too, but gives what it includes no width.
fn with_includes(source: &str) -> String {
    SHARED.iter().fold(source.to_owned(), |source, name| {
        source
            .replace(&format!("<mj-include path=\"{name}\" />"), read(&folder().join(name)).trim())
    })
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
