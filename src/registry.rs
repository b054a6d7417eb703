//! The registry of this process, if it lives here.

use anyhow::Result;

use crate::{house::House, wires::Wires};

#[cfg(feature = "registry")]
pub use registry::Registry;

/// Opens the registry, if it lives here and can be reached.
///
/// # Errors
/// When a service that may register has no way to prove who it is.
#[cfg(feature = "registry")]
pub fn open(house: &mut House<'_>, wires: &Wires<'_>) -> Result<Option<Registry>> {
    use crate::wiring;

    if !house.hosts(wiring::REGISTRY) || !wires.has_inside() {
        return Ok(None);
    }
    let registry = registry::open(registry::Needs {
        tokens: wires.tokens.clone(),
        reserved: wiring::MODULES.iter().map(|module| module.name.to_owned()).collect(),
        clock: house.clock.clone(),
        settings: house.loaded.settings(wiring::REGISTRY)?,
    })?;
    house.background.extend(registry.background());
    Ok(Some(registry))
}

/// None: this binary was built without it.
#[cfg(not(feature = "registry"))]
#[derive(Clone)]
pub enum Registry {}

#[cfg(not(feature = "registry"))]
impl Registry {
    /// There is none to answer.
    pub fn configure(&self, _app: &mut actix_web::web::ServiceConfig) {
        match *self {}
    }

    /// There is none to close.
    pub fn close(&self) {
        match *self {}
    }
}

/// Makes sure that no registry should live here.
///
/// # Errors
/// When one should.
#[cfg(not(feature = "registry"))]
pub fn open(house: &mut House<'_>, _wires: &Wires<'_>) -> Result<Option<Registry>> {
    anyhow::ensure!(
        !house.hosts(crate::wiring::REGISTRY),
        "the registry should run here, but this binary was built without it: build it with --features registry"
    );
    Ok(None)
}
