//! The `perennial` command.

fn main() -> std::process::ExitCode {
    perennial::main()
}
