//! Who is written to, what nobody else may read, and who is written to no more.

use kernel::Ids;
use notifications_api::Status;
use sea_orm::{ConnectionTrait, Statement};
use users_api::{
    EmailVerificationRequested, EmailVerified, OneTimeToken, PasswordResetRequested, UserErased,
};

use super::{
    server::Server,
    world::{Place, World, ada, now, placed, quick},
};

const TOKEN: &str = "ott-a-secret-that-nobody-else-may-read";

/// Everything that the database knows about mails, as text.
async fn remembered(world: &World) -> String {
    let reader = world.db.reader();
    let sql = "SELECT COALESCE(MAX(content), '') || COALESCE(MAX(secret), '') || \
               COALESCE(MAX(address), '') || COALESCE(MAX(name), '') || COALESCE(MAX(reason), '') \
               AS text FROM mail";
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "text").unwrap()
}

#[tokio::test]
async fn a_mail_waits_until_its_reader_is_known() {
    let mut server = Server::start(&[]).await;
    let world = World::with(&server).await;
    let ada = ada();
    world.tell(&placed(ada.user, None)).await;
    let waiting = world.tried(1).await;
    assert_eq!(waiting.status, Status::Queued);
    assert!(waiting.reason.unwrap().contains("where it goes"));
    world.tell(&ada).await;
    assert_eq!(server.next().await.to, ["ada@example.com"]);
    world.mail(Status::Sent).await;
}

#[tokio::test]
async fn a_guest_is_written_to_where_the_order_said() {
    let mut server = Server::start(&[]).await;
    let world = World::with(&server).await;
    let placed = placed(Ids::system().next(), Some("guest@example.com"));
    world.tell(&placed).await;
    let mail = server.next().await;
    assert_eq!(mail.to, ["guest@example.com"]);
    assert!(mail.text.starts_with("Hello,"), "{}", mail.text);
}

#[tokio::test]
async fn whoever_has_proved_another_address_is_written_to_there() {
    let mut server = Server::start(&[]).await;
    let world = World::with(&server).await;
    let ada = ada();
    world.tell(&ada).await;
    let email = "countess@example.com".to_owned();
    world.tell(&EmailVerified { user: ada.user, email, at: now() }).await;
    world.tell(&placed(ada.user, None)).await;
    let mail = server.next().await;
    assert_eq!(mail.headers["to"], "Ada Lovelace <countess@example.com>");
}

#[tokio::test]
async fn a_secret_reaches_its_reader_and_nobody_else() {
    let mut server = Server::start(&["--later", "1"]).await;
    let world = World::with(&server).await;
    let (user, at, expires_at) = (Ids::system().next(), now(), now());
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    let token = OneTimeToken::new(TOKEN);
    world.tell(&PasswordResetRequested { user, email, name, token, expires_at, at }).await;
    let mail = server.next().await;
    assert!(mail.text.contains(TOKEN) && mail.html.contains(TOKEN));
    let sent = world.mail(Status::Sent).await;
    assert!(!remembered(&world).await.contains(TOKEN));
    let letter = world.notifications.mail(sent.id).await.unwrap();
    assert!(letter.text.contains("A new password") || letter.subject == "A new password");
    assert!(!letter.text.contains(TOKEN), "{}", letter.text);
}

#[tokio::test]
async fn a_secret_is_not_shown_while_it_waits() {
    let server = Server::start(&["--later", "1000"]).await;
    let world = World::with(&server).await;
    let (user, at, expires_at) = (Ids::system().next(), now(), now());
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    let token = OneTimeToken::new(TOKEN);
    world.tell(&EmailVerificationRequested { user, email, name, token, expires_at, at }).await;
    let waiting = world.tried(1).await;
    let letter = world.notifications.mail(waiting.id).await.unwrap();
    assert!(!format!("{letter:?}").contains(TOKEN), "{letter:?}");
}

#[tokio::test]
async fn whoever_is_forgotten_is_written_to_no_more() {
    let mut server = Server::start(&["--unknown", "gone@example.com"]).await;
    let world = World::open(Place::Sqlite, quick(&server.url())).await;
    let ada = ada();
    world.tell(&ada).await;
    world.tell(&placed(ada.user, None)).await;
    server.next().await;
    let sent = world.mail(Status::Sent).await;
    assert!(sent.address.is_some());

    world.tell(&UserErased { user: ada.user, at: now() }).await;
    assert_eq!(world.mail(Status::Sent).await.address, None);
    world.tell(&placed(ada.user, None)).await;
    let dropped = async || world.outbox().await[1].status == Status::Dropped;
    testkit::eventually("the second mail is dropped", super::world::LIMIT, dropped).await;
    assert!(!remembered(&world).await.contains("ada@"));
    assert_eq!(server.rest().await.len(), 0);
}

#[tokio::test]
async fn what_waits_for_somebody_is_dropped_when_they_are_forgotten() {
    let server = Server::start(&["--later", "1000"]).await;
    let world = World::with(&server).await;
    let (user, at, expires_at) = (ada().user, now(), now());
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    let token = OneTimeToken::new(TOKEN);
    world.tell(&PasswordResetRequested { user, email, name, token, expires_at, at }).await;
    world.tried(1).await;
    world.tell(&UserErased { user, at: now() }).await;
    world.mail(Status::Dropped).await;
    let remembered = remembered(&world).await;
    assert!(!remembered.contains(TOKEN) && !remembered.contains("ada@"), "{remembered}");
}
