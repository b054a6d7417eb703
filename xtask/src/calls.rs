//! `cargo xtask bench calls`: what a call to another module costs, beside what others offer.
//!
//! The others are dependencies that nobody needs to build the shop, so the benchmark is a package of its
//! own, outside the workspace: benches/rivals.

use std::env;

use anyhow::Result;
use clap::Args;
use servers::RabbitMq;

use crate::children::Children;
use crate::{say, workspace};

const MANIFEST: &str = "benches/rivals/Cargo.toml";
/// Names a broker that runs already.
const BROKER: &str = "RIALTO_TEST_RABBITMQ";

#[derive(Args)]
pub(crate) struct Calls {
    /// Passed on: `--rounds 5`, `--millis 200`, `--callers 16`, `--only HTTP`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Calls {
    pub(crate) async fn run(self) -> Result<()> {
        let mut children = Children::new()?;
        let target = workspace::metadata()?.target_directory.join("rivals");
        let place = ["--release", "--manifest-path", MANIFEST, "--target-dir", target.as_str()];
        children.run(workspace::cargo(&["build"]).args(place)).await?;
        let mut rivals = workspace::cargo(&["run", "--quiet"]);
        rivals.args(place).arg("--").args(self.arguments);
        if env::var_os(BROKER).is_some() || RabbitMq::programs().is_none() {
            return children.run(&mut rivals).await;
        }
        let folder = servers::folder(target.join("servers").as_std_path()).await?;
        let broker = say::step("rabbitmq", RabbitMq::start(&folder)).await?;
        let measured = children.run(rivals.env(BROKER, broker.url())).await;
        broker.stop().await?;
        measured
    }
}
