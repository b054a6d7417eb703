//! What tests need of npm.

/// The environment variable that names the folder in which the packages of npm are that `cargo xtask test`
/// installs: a `node_modules`.
pub const NODE_MODULES: &str = "RIALTO_TEST_NODE_MODULES";

/// The folder named by [`NODE_MODULES`], for `NODE_PATH`.
///
/// # Panics
///
/// When the variable is missing.
pub fn node_modules() -> String {
    std::env::var(NODE_MODULES).unwrap_or_else(|_| {
        panic!(
            "this test runs something written in JavaScript: run `cargo xtask test`, which installs it, or set \
             {NODE_MODULES} to a node_modules that has its packages (xtask/src/node.rs)"
        )
    })
}
