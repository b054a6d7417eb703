//! The shop, assembled: configuration, composition, and the commands of the binary.
//!
//! **Invariant:** no business decision is made here.

/// Admits a module this binary was built with, or refuses to start without it.
macro_rules! admit {
    ($house:ident, $site:ident, $feature:tt, $module:expr) => {{
        #[cfg(not(feature = $feature))]
        anyhow::bail!(
            "{} should run here, but this binary was built without it: build it with --features {}",
            $feature,
            $feature
        );
        #[cfg(feature = $feature)]
        {
            let module = $module;
            $house.admit($site, module)
        }
    }};
}

pub mod admin;
pub mod banner;
pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod doctor;
#[cfg(feature = "gateway")]
pub mod edge;
pub mod house;
pub mod log;
pub mod migrate;
pub mod modules;
pub mod openapi;
#[cfg(feature = "gateway")]
pub mod serve;

/// Chooses the one provider of cryptography for everything in this process.
///
/// # Errors
/// When another one was chosen before.
pub fn install_crypto() -> anyhow::Result<()> {
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.map_err(|_| anyhow::anyhow!("a provider of cryptography is installed already"))
}
