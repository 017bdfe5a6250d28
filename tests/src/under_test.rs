//! The worker under test: the same program, with kill points compiled in.

fn main() -> std::process::ExitCode {
    perennial::main()
}
