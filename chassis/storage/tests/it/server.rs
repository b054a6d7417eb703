//! Postgres: collisions between transactions and answers that never come.

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait};
use storage::{Database, Error, Options};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::shelf::{Entity, ids, on_postgres, put, with_table};

#[tokio::test]
async fn a_deadlock_is_a_collision_for_one_of_the_two() {
    let db = on_postgres().await;
    let tx = db.begin().await.unwrap();
    put(&tx, "a", 1).await.unwrap();
    put(&tx, "b", 1).await.unwrap();
    tx.commit().await.unwrap();

    let (one, other) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    one.execute_unprepared("UPDATE shelf SET books = 2 WHERE id = 'a'").await.unwrap();
    other.execute_unprepared("UPDATE shelf SET books = 3 WHERE id = 'b'").await.unwrap();
    let (one, other) =
        tokio::join!(one.execute_unprepared("UPDATE shelf SET books = 2 WHERE id = 'b'"), async {
            let crossed = other.execute_unprepared("UPDATE shelf SET books = 3 WHERE id = 'a'");
            let crossed = crossed.await;
            drop(other);
            crossed
        },);
    let lost = one.err().or(other.err()).map(Error::from).unwrap();
    assert!(matches!(lost, Error::Serialization(_)), "{lost:?}");
    assert!(lost.is_transient());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_not_retried() {
    let direct = Url::parse(&testkit::postgres().await).unwrap();
    let db = Database::open(&Options::new(direct.as_str())).await.unwrap();
    with_table(db.clone()).await;
    let cut = Database::open(&Options::new(deaf_to_commits(&direct).await)).await.unwrap();

    let tx = cut.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    let unknown = tx.commit().await.unwrap_err();
    assert!(matches!(unknown, Error::Unknown(_)), "{unknown:?}");
    assert!(!unknown.is_transient());
    let committed = async || ids(&db).await == ["top"];
    testkit::eventually("the server has committed", Duration::from_secs(5), committed).await;
}

#[tokio::test]
async fn a_connection_lost_before_the_commit_is_unavailable() {
    let db = on_postgres().await;
    let tx = db.begin().await.unwrap();
    put(&tx, "top", 1).await.unwrap();
    let suicide = "SELECT pg_terminate_backend(pg_backend_pid())";
    let lost = Error::from(tx.execute_unprepared(suicide).await.unwrap_err());
    assert!(matches!(lost, Error::Unavailable(_)), "{lost:?}");
    drop(tx);
    assert_eq!(Entity::find().all(&db.reader()).await.unwrap(), []);
}

/// The url of a server whose connections end when they should bring the answer to a COMMIT.
async fn deaf_to_commits(server: &Url) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut url = server.clone();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let target = (server.host_str().unwrap().to_owned(), server.port().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(client, TcpStream::connect(target.clone()).await.unwrap()));
        }
    });
    url.into()
}

async fn forward(mut client: TcpStream, mut server: TcpStream) {
    let (mut asked, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                server.write_all(&asked[..length]).await.unwrap();
                if asked[..length].windows(6).any(|word| word == b"COMMIT") {
                    drop(client);
                    assert_ne!(server.read(&mut answered).await.unwrap(), 0);
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                client.write_all(&answered[..length]).await.unwrap();
            }
        }
    }
}
