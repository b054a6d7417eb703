//! What a client of one's own needs to reach the server of a database.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::{Error, Options};

/// The way into a Postgres database, for what a pool of connections cannot do.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// A host name, an address, or the folder of a socket.
    pub host: String,
    /// Where the server listens there.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// What the user knows; empty when there is none in the URL.
    pub password: String,
    /// The database.
    pub database: String,
    /// The schema with the tables.
    pub schema: String,
    /// Whether the URL insists on TLS.
    pub tls: bool,
}

impl Login {
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        let unreadable = |cause: &dyn fmt::Display| {
            Error::Unavailable(format!("the database url cannot be read: {cause}"))
        };
        let settings = PgConnectOptions::from_str(&options.url).map_err(|it| unreadable(&it))?;
        let url = Url::parse(&options.url).map_err(|it| unreadable(&it))?;
        let password = percent_decode_str(url.password().unwrap_or_default());
        let user = settings.get_username().to_owned();
        let socket = settings.get_socket().map(|folder| folder.display().to_string());
        let mode = settings.get_ssl_mode();
        Ok(Self {
            host: socket.unwrap_or_else(|| settings.get_host().to_owned()),
            port: settings.get_port(),
            password: password.decode_utf8_lossy().into_owned(),
            database: settings.get_database().unwrap_or(&user).to_owned(),
            schema: options.schema.clone().unwrap_or_else(|| "public".to_owned()),
            tls: !matches!(mode, PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer),
            user,
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, database, schema, .. } = self;
        write!(f, "{user}@{host}:{port}/{database} ({schema})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_read_from_the_url_and_the_password_is_not_shown() {
        let url = "postgres://shop:p%40ss+&w=d@db.internal:6432/rialto?sslmode=require";
        let mut options = Options::new(url);
        options.schema = Some("orders".to_owned());
        let login = Login::of(&options).unwrap();
        assert_eq!(login.password, "p@ss+&w=d");
        assert!(login.tls);
        assert_eq!(format!("{login:?}"), "shop@db.internal:6432/rialto (orders)");
    }

    #[test]
    fn what_the_url_leaves_out_has_a_default() {
        let login = Login::of(&Options::new("postgres://shop@127.0.0.1")).unwrap();
        let Login { port, password, database, schema, tls, .. } = login;
        assert_eq!((port, database.as_str(), schema.as_str()), (5432, "shop", "public"));
        assert!(password.is_empty() && !tls);
    }
}
