//! A fresh Postgres database for each test that asks.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use url::Url;
use uuid::Uuid;

/// The environment variable that names the Postgres server for tests, as the URL of any database
/// in it whose user may create others: `postgres://rialto@127.0.0.1:5432/postgres`.
pub const SERVER: &str = "RIALTO_TEST_POSTGRES";

/// Creates an empty database in the server named by [`SERVER`] and returns its URL.
///
/// The name is unique, so that tests of several processes share one server. The database stays
/// when the test ends, for whoever looks into a failure; the server's data goes with the server.
///
/// # Panics
///
/// When the variable is missing or the server does not create the database.
pub async fn postgres() -> String {
    let Ok(server) = std::env::var(SERVER) else {
        panic!(
            "this test needs a Postgres server: run `cargo xtask test`, which starts one, \
             or set {SERVER} to the URL of one (postgres://user@host:port/postgres)"
        );
    };
    match create(&server).await {
        Ok(url) => url,
        Err(cause) => panic!(
            "the Postgres server named by {SERVER} made no database: {cause}; run \
             `cargo xtask test`, which starts its own, or set the variable to one that runs"
        ),
    }
}

async fn create(server: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut url = Url::parse(server)?;
    let name = format!("rialto_test_{}", Uuid::now_v7().simple());
    let mut connection: PgConnection = PgConnectOptions::from_str(server)?.connect().await?;
    // template0 because nobody can be connected to it: a connection to the template refuses this.
    let statement = format!("CREATE DATABASE {name} TEMPLATE template0");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await?;
    url.set_path(&name);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tables(url: &str) -> Result<i64, sqlx::Error> {
        let mut connection: PgConnection = PgConnectOptions::from_str(url)?.connect().await?;
        let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        sqlx::query_scalar(count).fetch_one(&mut connection).await
    }

    #[tokio::test]
    async fn each_asker_gets_an_empty_database_of_its_own() {
        let (one, other) = tokio::join!(postgres(), postgres());
        assert_ne!(one, other);
        let mut connection: PgConnection =
            PgConnectOptions::from_str(&one).unwrap().connect().await.unwrap();
        sqlx::raw_sql("CREATE TABLE mine (id BIGINT)").execute(&mut connection).await.unwrap();
        assert_eq!(tables(&one).await.unwrap(), 1);
        assert_eq!(tables(&other).await.unwrap(), 0);
    }
}
