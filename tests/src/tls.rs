//! A certificate authority of one's own, and TLS before a server that has none.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// An authority that nobody knows, and a certificate of `localhost` that it signed.
#[derive(Debug)]
pub struct Authority {
    file: PathBuf,
    /// The certificate of `localhost`, PEM.
    pub certificate: String,
    /// Its key, PEM.
    pub key: String,
}

impl Authority {
    /// A new one, with its certificate in a file called after `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own_key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, own_key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["localhost".to_owned()];
        let leaf = CertificateParams::new(names).expect("a name").signed_by(&key, &issuer);
        let file = std::env::temp_dir().join(format!("ca-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, issuer.pem()).expect("a file");
        Self { file, certificate: leaf.expect("a certificate").pem(), key: key.serialize_pem() }
    }

    /// The file with the authority's certificate.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn config(&self) -> ServerConfig {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes());
        let chain = chain.collect::<Result<_, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate and its key")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // It is in the folder for such things either way.
        drop(std::fs::remove_file(&self.file));
    }
}

/// Takes TLS connections and hands them on in the clear.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl TlsFront {
    /// Before a server on this machine.
    pub async fn before(server: SocketAddr, authority: &Authority) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(authority.config()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust us hangs up.
                    let Ok(mut inside) = acceptor.accept(stream).await else { return };
                    let Ok(mut outside) = TcpStream::connect(server).await else { return };
                    drop(tokio::io::copy_bidirectional(&mut inside, &mut outside).await);
                });
            }
        });
        Self { address, accepting }
    }

    /// Where it listens, by the name in the certificate.
    #[must_use]
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
