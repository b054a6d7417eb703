//! The edge behind a certificate.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use actix_web::{App, HttpServer};
use gateway::{Tls, TlsError, TlsFiles};
use host::Background;
use rcgen::CertifiedKey;
use reqwest::{Certificate, Client, Version};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::world::{World, raw};

/// A folder with a certificate for `localhost`, and those who trust it.
struct Issued {
    folder: TempDir,
    pem: String,
}

impl Issued {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let pem = issue(folder.path());
        Self { folder, pem }
    }

    fn files(&self) -> TlsFiles {
        let at = |name| self.folder.path().join(name);
        TlsFiles { certificate: at("cert.pem"), key: at("key.pem") }
    }
}

/// Writes another certificate into `folder`, first the one file, then the other.
fn issue(folder: &Path) -> String {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.pem()
}

fn install_crypto() {
    // Another test of this process may have been first.
    let (Ok(()) | Err(_)) = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

async fn secure(tls: &Tls) -> SocketAddr {
    let world = World::open().await;
    let gateway = world.gateway;
    let app = move || {
        let gateway = gateway.clone();
        App::new().wrap(gateway.middleware()).configure(|app| gateway.mount(app))
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    let server = server.bind_rustls_0_23(("127.0.0.1", 0), tls.server()).unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    address
}

/// Who trusts nobody but whoever shows `pem`.
fn truster(pem: &str) -> reqwest::ClientBuilder {
    let only = Certificate::from_pem(pem.as_bytes()).unwrap();
    Client::builder().tls_certs_only([only]).pool_max_idle_per_host(0)
}

#[tokio::test]
async fn clients_are_answered_by_http_2_or_1_as_they_like() {
    install_crypto();
    let issued = Issued::new();
    let tls = Tls::read(&issued.files()).unwrap().unwrap();
    let address = secure(&tls).await;
    let url = format!("https://localhost:{}/v1/echo", address.port());
    let new = truster(&issued.pem).build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((new.status().as_u16(), new.version()), (200, Version::HTTP_2));
    let old = truster(&issued.pem).http1_only().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!((old.status().as_u16(), old.version()), (200, Version::HTTP_11));
    let stranger = Issued::new();
    truster(&stranger.pem).build().unwrap().get(&url).send().await.unwrap_err();
    let plain = raw(address, "GET /v1/echo HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    assert!(!plain.contains("HTTP/1.1 200"), "{plain}");
}

#[tokio::test]
async fn another_certificate_is_shown_once_both_files_are_there() {
    install_crypto();
    let issued = Issued::new();
    let tls = Tls::read(&issued.files()).unwrap().unwrap();
    let address = secure(&tls).await;
    let stop = CancellationToken::new();
    let looking = tokio::spawn(Background::run_all(vec![tls.background()], stop.clone()));
    let url = format!("https://localhost:{}/v1/echo", address.port());
    let asks = async |pem: &str| truster(pem).build().unwrap().get(&url).send().await.is_ok();

    // Half a change is none: what was shown before is shown on.
    let other = Issued::new();
    fs::copy(other.files().certificate, issued.files().certificate).unwrap();
    tls.look().unwrap_err();
    assert!(asks(&issued.pem).await && !asks(&other.pem).await);

    fs::copy(other.files().key, issued.files().key).unwrap();
    let changed = async {
        while !asks(&other.pem).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), changed).await.expect("another certificate");
    assert!(!asks(&issued.pem).await);
    stop.cancel();
    looking.await.unwrap();
}

#[test]
fn what_cannot_be_shown_is_said_with_its_file() {
    install_crypto();
    let issued = Issued::new();
    let files = issued.files();
    assert!(Tls::read(&TlsFiles::default()).unwrap().is_none());
    let refused = |certificate: &Path, key: &Path| {
        let files = TlsFiles { certificate: certificate.into(), key: key.into() };
        let error: TlsError = Tls::read(&files).unwrap_err();
        error.to_string()
    };
    let said = refused(&files.certificate, Path::new(""));
    assert_eq!(said, "gateway.tls needs both files: name the certificate and the key, or neither");
    let said = refused(Path::new("/nowhere/cert.pem"), &files.key);
    assert!(said.starts_with("gateway.tls: /nowhere/cert.pem cannot be read: "), "{said}");
    let said = refused(&files.key, &files.key);
    assert!(said.contains("key.pem should hold a certificate in PEM: "), "{said}");
    let said = refused(&files.certificate, &files.certificate);
    assert!(said.contains("cert.pem should hold a private key in PEM: "), "{said}");
    let said = refused(&files.certificate, &Issued::new().files().key);
    assert!(said.starts_with("gateway.tls: "), "{said}");
}
