//! `rialto admin`: the shop's administrators, and the keys that sign access tokens.

use anyhow::{Context, ensure};
use kernel::Fault;
use rand::distr::{Alphanumeric, SampleString};
use users_api::{KeyScope, Password, SignUp, Users};

use crate::{cli::Admin, compose, config::Loaded, house::House};

/// How long a password is that nobody chose: 20 letters and digits, 119 bits.
const RANDOM_PASSWORD: usize = 20;

/// Carries out one command.
pub async fn run(loaded: &Loaded, command: Admin) -> anyhow::Result<()> {
    let mut house = House::beside(loaded, &["users"]);
    let shop = compose::compose(&mut house).await?;
    let users = house.port("admin", &shop.users);
    match command {
        Admin::Create { email, name, password_stdin } => {
            let typed = if password_stdin { Some(typed()?) } else { None };
            create(&*users, email, name, typed).await?;
        }
        Admin::RotateKeys => rotate_keys(&*users).await?,
    }
    for (_, db) in house.databases {
        db.close().await?;
    }
    Ok(())
}

/// Creates an administrator with the password that was typed, or with a random one.
async fn create(
    users: &dyn Users,
    email: String,
    name: String,
    typed: Option<String>,
) -> anyhow::Result<()> {
    let is_random = typed.is_none();
    let password = typed.unwrap_or_else(random);
    let wish = SignUp { email, name, password: Password::new(password.clone()) };
    let admin = users.create_admin(wish).await.map_err(|no| anyhow::anyhow!(told(&no)))?;
    println!("administrator {} <{}>", admin.id, admin.email);
    if is_random {
        println!("password      {password}   (shown this once)");
    }
    Ok(())
}

/// Makes the next signing key and shows all that are published.
async fn rotate_keys(users: &dyn Users) -> anyhow::Result<()> {
    let keys = users.rotate_keys(KeyScope::AccessTokens).await?;
    for (place, key) in keys.iter().enumerate() {
        println!("{}  {}", key.kid, if place == 0 { "signs" } else { "is published" });
    }
    Ok(())
}

/// The refusal with every field that is to blame.
pub(crate) fn told(no: &impl Fault) -> String {
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
