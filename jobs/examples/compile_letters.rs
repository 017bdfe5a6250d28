//! Compiles the letters' MJML to the HTML that is committed beside it:
//! `cargo run -p perennial-jobs --example compile_letters`.

#[path = "../src/mail/mjml.rs"]
mod mjml;

fn main() -> std::io::Result<()> {
    for (file, html) in mjml::compile_all() {
        std::fs::write(file, html)?;
    }
    Ok(())
}
