//! The shop, assembled: configuration, composition, and the commands of the binary.
//!
//! **Invariant:** no business decision is made here.

/// The door of a module: admitted if it should live here and the binary has it, a stub if it lives
/// elsewhere.
macro_rules! door {
    ($house:ident, $module:tt, $stub:ident, |$site:ident| $opened:expr) => {
        match $house.hosts($module) {
            false => Door::There($module, $stub::over),
            #[cfg(feature = $module)]
            true => {
                let $site = $house.site($module).await?;
                let module = $opened;
                Door::Here($house.admit($site, module)?)
            }
            #[cfg(not(feature = $module))]
            true => anyhow::bail!(
                "{0} should run here, but this binary was built without it: build it with --features {0}",
                $module
            ),
        }
    };
}

pub mod admin;
pub mod banner;
pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod desks;
pub mod doctor;
#[cfg(feature = "gateway")]
pub mod edge;
pub mod edges;
pub mod explain;
#[cfg(feature = "products")]
pub mod feed;
pub mod house;
pub mod inside;
pub mod log;
pub mod messages;
pub mod migrate;
pub mod modules;
pub mod numbers;
#[cfg(feature = "gateway")]
pub mod openapi;
pub mod probe;
pub mod rebuild;
pub mod registry;
#[cfg(feature = "gateway")]
pub mod rehearsal;
pub mod relocate;
pub mod report;
pub mod sagas;
pub mod serve;
pub mod table;
pub mod topology;
pub mod up;
pub mod wires;
pub mod wiring;

/// Chooses the one provider of cryptography for everything in this process.
///
/// # Errors
/// When another one was chosen before.
pub fn install_crypto() -> anyhow::Result<()> {
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.map_err(|_| anyhow::anyhow!("a provider of cryptography is installed already"))
}
