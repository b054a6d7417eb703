//! TLS at the edge: a certificate and its key from two files, which are read again when they change.
//!
//! HTTP/2 or HTTP/1.1, as client and server agree (ALPN, RFC 7301).

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use host::Background;
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use serde::Deserialize;
use thiserror::Error;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where the certificate and its key are, both PEM; both empty: no TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// The certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Why there can be no TLS.
#[derive(Debug, Error)]
pub enum Error {
    /// Only one file is named.
    #[error("gateway.tls needs both files: name the certificate and the key, or neither")]
    Half,
    /// A file cannot be read.
    #[error("gateway.tls: {} cannot be read: {cause}", file.display())]
    Unreadable {
        /// Which one.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file is not what it should be.
    #[error("gateway.tls: {} should hold {wanted} in PEM: {cause}", file.display())]
    NotPem {
        /// Which one.
        file: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// Why it does not.
        cause: pem::Error,
    },
    /// The two do not belong together, or are of a kind that is not known here.
    #[error("gateway.tls: the certificate and the key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// What the edge shows to clients. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: Files,
    shown: ArcSwap<Shown>,
}

#[derive(Debug)]
struct Shown {
    /// The two files, as they were read.
    read: [Vec<u8>; 2],
    certified: Arc<CertifiedKey>,
}

impl Tls {
    /// Reads both files; nothing when none is named.
    ///
    /// # Errors
    /// When a file cannot be read or used.
    pub fn read(files: &Files) -> Result<Option<Self>, Error> {
        let [no_certificate, no_key] =
            [&files.certificate, &files.key].map(|path| path.as_os_str().is_empty());
        match (no_certificate, no_key) {
            (true, true) => Ok(None),
            (false, false) => {
                let shown = Shown::of(files.read()?, files)?;
                let (files, shown) = (files.clone(), ArcSwap::from_pointee(shown));
                Ok(Some(Self(Arc::new(Inner { files, shown }))))
            }
            _ => Err(Error::Half),
        }
    }

    /// The configuration of a listener: TLS 1.2 and 1.3, no client certificates.
    pub fn server(&self) -> ServerConfig {
        ServerConfig::builder().with_no_client_auth().with_cert_resolver(self.0.clone())
    }

    /// Reads the files again when they have changed. Connections that exist keep what they were shown. What
    /// cannot be used is logged, and what was shown before is shown on: the two files are rarely replaced in
    /// the same moment.
    pub fn background(&self) -> Background {
        let tls = self.clone();
        let mut refused = None;
        Background::every("gateway certificate", LOOK_EVERY, move || {
            match tls.look() {
                Ok(true) => tracing::info!("another certificate is shown from now on"),
                Ok(false) => {}
                Err(error) => {
                    let error = error.to_string();
                    if refused.as_ref() != Some(&error) {
                        tracing::warn!(%error, "the certificate stays as it was");
                    }
                    refused = Some(error);
                    return std::future::ready(());
                }
            }
            refused = None;
            std::future::ready(())
        })
    }

    /// Shows what is in the files now; tells whether that is something else than before.
    ///
    /// # Errors
    /// When a file cannot be read or used; what was shown before is shown on.
    pub fn look(&self) -> Result<bool, Error> {
        let read = self.0.files.read()?;
        if self.0.shown.load().read == read {
            return Ok(false);
        }
        self.0.shown.store(Arc::new(Shown::of(read, &self.0.files)?));
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> Result<[Vec<u8>; 2], Error> {
        let read = |file: &PathBuf| {
            fs::read(file).map_err(|cause| Error::Unreadable { file: file.clone(), cause })
        };
        Ok([read(&self.certificate)?, read(&self.key)?])
    }
}

impl Shown {
    fn of(read: [Vec<u8>; 2], files: &Files) -> Result<Self, Error> {
        let [certificate, key] = &read;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.and_then(|chain| match chain.is_empty() {
            true => Err(pem::Error::NoItemsFound),
            false => Ok(chain),
        });
        let chain = chain.map_err(|cause| Error::NotPem {
            file: files.certificate.clone(),
            wanted: "a certificate",
            cause,
        })?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|cause| Error::NotPem {
            file: files.key.clone(),
            wanted: "a private key",
            cause,
        })?;
        let provider = CryptoProvider::get_default()
            .ok_or_else(|| rustls::Error::General("no crypto provider is installed".to_owned()))?;
        let certified = Arc::new(CertifiedKey::from_der(chain, key, provider)?);
        Ok(Self { read, certified })
    }
}

impl ResolvesServerCert for Inner {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.load().certified.clone())
    }
}
