//! `rialto probe`: asks a process whether it is ready. For health checks where there is no other client.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{config::Loaded, topology::Seat};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the process of `seat` by its own address, and says what it found.
///
/// # Errors
/// When it is not ready, or does not answer.
pub async fn run(loaded: &Loaded, seat: &Seat) -> Result<String> {
    let public = format!("{}://{}/readyz", seat.place.scheme(), loaded.config.http.public);
    ask(&seat.probe().unwrap_or(public)).await
}

/// Asks `url`, and says what it found.
///
/// # Errors
/// When it is not ready, or does not answer.
pub async fn ask(url: &str) -> Result<String> {
    get(url).await?;
    Ok(format!("{url} is ready\n"))
}

/// Whether the process is ready that says so at `url`.
pub async fn ready(url: &str) -> Result<()> {
    get(url).await
}

async fn get(url: &str) -> Result<()> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let provider = CryptoProvider::get_default().context("no crypto provider is installed")?;
    let whoever = Arc::new(Whoever(provider.clone()));
    let tls = ClientConfig::builder().dangerous().with_custom_certificate_verifier(whoever);
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth());
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new())
        .build(connector.https_or_http().enable_http1().build());
    let answer = tokio::time::timeout(PATIENCE, client.get(uri)).await;
    let answer = answer.with_context(|| format!("{url} does not answer within {PATIENCE:?}"))?;
    let status = answer.with_context(|| format!("{url} does not answer"))?.status();
    ensure!(status.is_success(), "{url} answers {status}");
    Ok(())
}

/// Takes whoever answers for the right one: the process is asked by its address, which no certificate names,
/// and is told nothing.
#[derive(Debug)]
struct Whoever(Arc<CryptoProvider>);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
