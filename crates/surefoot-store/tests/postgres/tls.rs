//! Postgres behind TLS: who is let in by which certificate. In front of the server stands a small gate that does what
//! Postgres does with `ssl = on`, since the Postgres of the tests may be built without it.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use surefoot_store::{PostgresOptions, PostgresStore};
use surefoot_testkit::PostgresServer;
use surefoot_types::ports::{Store, StoreError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{Place, add, drained};

/// What a client sends that wants TLS: the length of it, and a number that no version has.
const ASKS_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// An authority that is nobody's.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `localhost`, as a gate shows it.
fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Lets clients through to a server that speaks TLS, and nobody else. Its port.
async fn gate(server: &PostgresServer, acceptor: TlsAcceptor) -> u16 {
    let gate = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gate.local_addr().unwrap().port();
    let socket = server.socket().join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((client, _)) = gate.accept().await {
            tokio::spawn(let_through(client, acceptor.clone(), socket.clone()));
        }
    });
    port
}

async fn let_through(mut client: TcpStream, acceptor: TlsAcceptor, socket: std::path::PathBuf) -> std::io::Result<()> {
    let mut asks = [0; 8];
    client.read_exact(&mut asks).await?;
    if asks != ASKS_FOR_TLS {
        return Ok(());
    }
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = UnixStream::connect(socket).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn open(place: &Place, port: u16, host: &str, query: &str) -> Result<PostgresStore, StoreError> {
    let database = place.url.split('?').next().unwrap().rsplit('/').next().unwrap();
    let url = format!("postgres://surefoot@{host}:{port}/{database}?{query}");
    PostgresStore::open(&url, &PostgresOptions { without: true, ..place.options() }).await
}

fn written(folder: &Path, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let path = folder.join("root.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_checked_as_far_as_it_is_asked_for() {
    let server = PostgresServer::start();
    let place = Place::new(&server);
    let (ours, others) = (authority("ours"), authority("others"));
    let port = gate(&server, acceptor(&ours)).await;
    let (right, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (right, wrong) = (written(right.path(), &ours), written(elsewhere.path(), &others));

    for (host, query) in [
        ("localhost", "sslmode=require".to_owned()),
        ("localhost", "sslmode=prefer".to_owned()),
        ("localhost", format!("sslmode=verify-full&sslrootcert={right}")),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={right}")),
    ] {
        let store = open(&place, port, host, &query).await.unwrap();
        add(&store, 1..11).await;
        drained(&store).await;
        store.close().await;
    }
    assert_eq!(place.counted().await, (10, 10));

    for (host, query) in [
        ("localhost", "sslmode=verify-full".to_owned()),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}")),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={wrong}")),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={right}")),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned()),
    ] {
        // It is not taken for a server that is away, even by whoever may begin without one.
        let refused = open(&place, port, host, &query).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(_))), "{host} {query}: {refused:?}");
    }
}
