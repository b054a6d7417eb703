//! A Python with what tests run in it.

/// The environment variable that names the Python for tests: the interpreter of an environment in which
/// the packages are that `cargo xtask test` installs.
pub const PYTHON: &str = "RIALTO_TEST_PYTHON";

/// The interpreter named by [`PYTHON`].
///
/// # Panics
///
/// When the variable is missing.
pub fn python() -> String {
    std::env::var(PYTHON).unwrap_or_else(|_| {
        panic!(
            "this test runs something written in Python: run `cargo xtask test`, which prepares an \
             environment for it, or set {PYTHON} to a Python that has its packages (xtask/src/python.rs)"
        )
    })
}
