//! Where the configuration comes from, weakest first.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Env, Format, Toml},
    value::{Dict, Map},
};

/// The variables that begin like ours and configure something else.
const FOREIGN: &[&str] = &[
    "config",
    "process",
    "replica",
    "test_postgres",
    "test_rabbitmq",
    "test_python",
    "test_node_modules",
    "record",
];

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Files over the defaults, the last one winning.
    pub files: Vec<PathBuf>,
    /// `key = value` pairs over everything, each as a line of TOML, the last one winning.
    pub flags: Vec<String>,
}

impl Layers {
    pub(super) fn figment(&self) -> Result<Figment> {
        let mut figment = Figment::from(Named("the defaults", Toml::string(super::DEFAULTS)));
        // Not `Toml::file`, which searches every folder above this one as well.
        let nearby = Path::new("config/default.toml");
        if nearby.is_file() {
            figment = figment.merge(Toml::file_exact(nearby));
        }
        for file in &self.files {
            if !file.is_file() {
                bail!("there is no configuration file {}", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(Env::prefixed("RIALTO_").ignore(FOREIGN).split("__"));
        let flag = |flag: &String| Named("the command line", Toml::string(flag));
        Ok(self.flags.iter().map(flag).fold(figment, Figment::merge))
    }
}

/// A provider that says in a word where its values are from.
struct Named<P>(&'static str, P);

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.1.data()
    }
}
