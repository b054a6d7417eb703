//! Card numbers leave no trace.

use std::{
    fs, io,
    sync::{Arc, Mutex},
};

use payments_api::{Card, Collect, NewAttempt, Status};

use super::world::{Stage, quick};

const NUMBER: &str = "4242424242424242";
const GROUPED: &str = "4242 4242 4242 4242";

/// Remembers every line of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn a_card_number_is_neither_stored_nor_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let world = Stage::there().open(quick()).await;
    tracing::info!("the log is read");

    assert_eq!(world.token(GROUPED).await, "pm_card_visa");
    let wrong = Card { number: "4242424242424241".to_owned() };
    assert!(world.payments.tokenize(wrong).await.is_err());
    let paid = world.collect("pm_card_visa", Status::Captured).await;
    let open = world.collect("pm_card_chargeDeclined", Status::Requested).await;
    let Collect { customer, payment, .. } = open;
    let (token, key) = (NUMBER.to_owned(), "k".to_owned());
    let careless = NewAttempt { customer, payment, token, key };
    assert!(world.payments.attempt(careless).await.is_err());
    assert_eq!(world.charges(&paid).await, 1);

    let files = world.files().to_owned();
    let mut read = 0;
    for entry in fs::read_dir(&files).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        read += usize::from(holds(&bytes, "pm_card_visa"));
        for secret in [NUMBER, GROUPED, "4242424242424241"] {
            assert!(!holds(&bytes, secret), "{}", path.display());
        }
    }
    assert!(read > 0, "the files were not the databases");
    let lines = log.0.lock().unwrap();
    assert!(holds(&lines, "the log is read"));
    for secret in [NUMBER, GROUPED, "4242424242424241"] {
        assert!(!holds(&lines, secret));
    }
}
