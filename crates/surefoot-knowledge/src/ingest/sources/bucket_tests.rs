//! A bucket, against a store that checks signatures as the specification of SigV4 computes them.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex},
};

use sha2::{Digest, Sha256};
use surefoot_testkit::MemoryStore;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    tests::{counts, paths, synced},
    *,
};

/// Objects by key: their version and their text. Lists two at a time.
#[derive(Clone, Default)]
struct Shelf {
    objects: Arc<Mutex<BTreeMap<String, (u32, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
    down: Arc<Mutex<bool>>,
}

impl Shelf {
    fn put(&self, key: &str, version: u32, text: &str) {
        self.objects.lock().unwrap().insert(key.into(), (version, text.into()));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shelf = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let (status, body) = shelf.answer(std::str::from_utf8(&head).unwrap());
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    fn answer(&self, head: &str) -> (u16, String) {
        let target = head.split(' ').nth(1).unwrap().to_owned();
        self.asked.lock().unwrap().push(target.clone());
        if *self.down.lock().unwrap() {
            return (503, String::new());
        }
        if !is_signed(head, &target) {
            return (403, "<Error><Code>SignatureDoesNotMatch</Code></Error>".into());
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        if path == "/team" {
            return (200, self.list(query));
        }
        let key = path.strip_prefix("/team/").unwrap().replace("%20", " ").replace("%C3%A9", "é");
        self.objects.lock().unwrap().get(&key).map_or((404, String::new()), |(_, text)| (200, text.clone()))
    }

    fn list(&self, query: &str) -> String {
        let value =
            |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned);
        let prefix = value("prefix").unwrap().replace("%2F", "/");
        let from: usize = value("continuation-token").map_or(0, |token| token.parse().unwrap());
        let objects = self.objects.lock().unwrap();
        let all: Vec<_> = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
        let mut list = String::from("<ListBucketResult>");
        for (key, (version, text)) in all.iter().skip(from).take(2) {
            let size = text.len();
            write!(list, "<Contents><Key>{key}</Key><ETag>&quot;{version}&quot;</ETag><Size>{size}</Size></Contents>")
                .unwrap();
        }
        if from + 2 < all.len() {
            write!(list, "<NextContinuationToken>{}</NextContinuationToken>", from + 2).unwrap();
        }
        list + "</ListBucketResult>"
    }
}

/// Whether a request carries the signature of `id` and `secret`.
fn is_signed(head: &str, target: &str) -> bool {
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let Some(shown) = headers.get("authorization").and_then(|shown| shown.strip_prefix("AWS4-HMAC-SHA256 ")) else {
        return false;
    };
    let part = |name: &str| shown.split(", ").find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
    let (credential, names, signature) = (part("Credential=id/"), part("SignedHeaders="), part("Signature="));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let mut canonical = format!("GET\n{path}\n{}\n", pairs.join("&"));
    for name in names.split(';') {
        writeln!(canonical, "{name}:{}", headers[name]).unwrap();
    }
    write!(canonical, "\n{names}\n{}", headers["x-amz-content-sha256"]).unwrap();
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{credential}\n{}",
        headers["x-amz-date"],
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let key = credential.split('/').fold(b"AWS4secret".to_vec(), |key, part| hmac(&key, part.as_bytes()));
    hex(&hmac(&key, to_sign.as_bytes())) == signature
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&padded(0x36)[..], message].concat());
    Sha256::digest([&padded(0x5c)[..], &inner[..]].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn source(endpoint: &str, secret: &str) -> Source {
    let bucket = Bucket {
        name: "team".into(),
        prefix: "docs/".into(),
        endpoint: endpoint.to_owned(),
        region: "eu-central-1".into(),
        key: Some(("id".into(), Secret::new(secret))),
    };
    Source { knowledge: "k".into(), bucket: Some(bucket), ..Source::default() }
}

#[tokio::test]
async fn a_bucket_is_listed_and_read_with_signed_requests() {
    let (shelf, library) = (Shelf::default(), MemoryStore::default());
    let endpoint = shelf.serve().await;
    for (key, text) in [
        ("docs/a b.md", "# A\n\nOne."),
        ("docs/café.md", "# C\n\nTwo."),
        ("docs/deep/d.md", "# D\n\nThree."),
        ("docs/x.bin", "no document"),
        ("other/e.md", "# E\n\nElsewhere."),
    ] {
        shelf.put(key, 1, text);
    }
    let bucket = source(&endpoint, "secret");
    let report = synced(&bucket, &library).await;
    assert_eq!(counts(&report), [3, 0, 0, 0, 0], "{report:?}");
    let expected = ["s3://team/docs/a b.md", "s3://team/docs/café.md", "s3://team/docs/deep/d.md"];
    assert_eq!(paths(&library).await, expected.map(str::to_owned).into());

    // Nothing changed: only the list is asked for, in its two pages.
    shelf.asked();
    assert_eq!(counts(&synced(&bucket, &library).await), [0, 0, 3, 0, 0]);
    assert_eq!(shelf.asked().len(), 2);

    shelf.put("docs/a b.md", 2, "# A\n\nAnother.");
    shelf.objects.lock().unwrap().remove("docs/deep/d.md");
    assert_eq!(counts(&synced(&bucket, &library).await), [0, 1, 1, 1, 0]);
}

#[tokio::test]
async fn a_bucket_that_is_away_or_shut_takes_nothing_away() {
    let (shelf, library) = (Shelf::default(), MemoryStore::default());
    let endpoint = shelf.serve().await;
    shelf.put("docs/a.md", 1, "# A\n\nOne.");
    synced(&source(&endpoint, "secret"), &library).await;
    let report = synced(&source(&endpoint, "another secret"), &library).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 1]);
    assert!(report.failed[0].reason.contains("403"), "{report:?}");
    *shelf.down.lock().unwrap() = true;
    let report = synced(&source(&endpoint, "secret"), &library).await;
    assert_eq!(counts(&report), [0, 0, 0, 0, 1]);
    assert_eq!(paths(&library).await.len(), 1);
}
