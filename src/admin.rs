//! `rialto admin`: the shop's administrators.

use std::sync::Arc;

use anyhow::{Context, ensure};
use kernel::Fault;
use ports::{Call, Reply, Transport, Unreachable, async_trait};
use rand::distr::{Alphanumeric, SampleString};
use users_api::{Password, SignUp};

use crate::{cli::Admin, compose, config::Loaded, house::House};

/// How long a password is that nobody chose: 20 letters and digits, 119 bits.
const RANDOM_PASSWORD: usize = 20;

/// Carries out one command.
pub async fn run(loaded: &Loaded, command: Admin) -> anyhow::Result<()> {
    let Admin::Create { email, name, password_stdin } = command;
    let (password, random) = if password_stdin { (typed()?, false) } else { (random(), true) };
    // Beside whatever is running: accounts are in users' own database.
    let nowhere = |_, callee: &'static str| -> Arc<dyn Transport> { Arc::new(Elsewhere(callee)) };
    let mut house = House::new(loaded, &["users"], Box::new(nowhere));
    let shop = compose::compose(&mut house).await?;
    let users = house.port("admin", &shop.users);
    let wish = SignUp { email, name, password: Password::new(password.clone()) };
    let admin = users.create_admin(wish).await.map_err(|no| anyhow::anyhow!(told(&no)))?;
    println!("administrator {} <{}>", admin.id, admin.email);
    if random {
        println!("password      {password}   (shown this once)");
    }
    for (_, db) in house.databases {
        db.close().await?;
    }
    Ok(())
}

/// A module that this command does not need.
struct Elsewhere(&'static str);

#[async_trait]
impl Transport for Elsewhere {
    async fn call(&self, _call: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::NoReply(format!("{} is not asked by this command", self.0)))
    }
}

/// The refusal with every field that is to blame.
fn told(no: &users_api::Error) -> String {
    let fields = no.violations();
    let fields = fields.iter().map(|field| format!("\n  {}: {}", field.pointer, field.detail));
    std::iter::once(no.to_string()).chain(fields).collect()
}

fn typed() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "no password was given on standard input");
    Ok(password.to_owned())
}

/// A password nobody chose.
pub fn random() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), RANDOM_PASSWORD)
}
