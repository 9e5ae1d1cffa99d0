//! What feeds each knowledge.

use std::collections::BTreeMap;

use surefoot_knowledge::ingest::{Bucket, Git, Source, Web};

use super::{Ground, providers::Wanted};
use crate::settings::{source::At, written::root};

impl Ground<'_> {
    pub(super) fn knowledge(&self, root: &root::Root) -> Vec<Source> {
        root.knowledge.iter().map(|written| self.source(written)).collect()
    }

    /// How many tokens of each knowledge ground an answer, where it says.
    pub(super) fn tokens(&self, root: &root::Root) -> BTreeMap<String, usize> {
        let tokens = |written: &root::Knowledge| {
            let tokens = self.within("tokens", written.tokens.as_ref(), 1..=1_000_000)?;
            Some((written.name.value.clone(), usize::try_from(tokens).ok()?))
        };
        root.knowledge.iter().filter_map(tokens).collect()
    }

    fn source(&self, written: &root::Knowledge) -> Source {
        let folder = written.folder.as_ref().map(|folder| {
            let place = self.folder.join(&folder.value);
            if !place.is_dir() {
                let message = format!("there is no folder '{}'", folder.value);
                self.mistakes.add(&folder.place, message, "It is looked for from the project's folder.".to_owned());
            }
            place
        });
        self.companions(written);
        let has_pages = !written.urls.is_empty() || !written.sitemaps.is_empty();
        Source {
            knowledge: written.name.value.clone(),
            folder,
            web: has_pages.then(|| Web {
                urls: self.addresses(&written.urls),
                sitemaps: self.addresses(&written.sitemaps),
                intranet: written.intranet.iter().map(|host| host.value.clone()).collect(),
            }),
            git: written.git.as_ref().map(|url| Git {
                url: url.value.clone(),
                reference: written.git_ref.as_ref().map(|name| name.value.clone()),
                token: written.git_token.as_ref().and_then(|token| self.secret(token, Wanted::Needed)),
            }),
            bucket: written.bucket.as_ref().and_then(|bucket| self.bucket(bucket, written)),
            include: self.globs(&written.include),
            exclude: self.globs(&written.exclude),
            owners: written.owners.as_ref().map(|folder| folder.value.trim_matches('/').to_owned()),
            every: written.sync.as_ref().and_then(|every| self.duration(every)).filter(|every| !every.is_zero()),
            cache: std::path::PathBuf::new(),
        }
    }

    /// What says more of a repository or a bucket stands beside it, and the two halves of a bucket's key beside each
    /// other.
    fn companions(&self, written: &root::Knowledge) {
        let root::Knowledge { git, git_ref, git_token, bucket, .. } = written;
        let root::Knowledge { bucket_endpoint, bucket_region, bucket_key, bucket_secret, .. } = written;
        let of_bucket = "bucket = \"s3://name/prefix\"";
        for (field, told, needed, of, example) in [
            ("git_ref", git_ref, "git", git, "git = \"https://…\""),
            ("git_token", git_token, "git", git, "git = \"https://…\""),
            ("bucket_endpoint", bucket_endpoint, "bucket", bucket, of_bucket),
            ("bucket_region", bucket_region, "bucket", bucket, of_bucket),
            ("bucket_key", bucket_key, "bucket", bucket, of_bucket),
            ("bucket_secret", bucket_secret, "bucket", bucket, of_bucket),
            ("bucket_key", bucket_key, "bucket_secret", bucket_secret, "bucket_secret = \"env:NAME\""),
            ("bucket_secret", bucket_secret, "bucket_key", bucket_key, "bucket_key = \"env:NAME\""),
        ] {
            if let Some(told) = told.as_ref().filter(|_| of.is_none()) {
                let message = format!("`{field}` says nothing without `{needed}`");
                self.mistakes.add(&told.place, message, format!("Write `{example}` too, or leave it out."));
            }
        }
    }

    fn addresses(&self, written: &[At<String>]) -> Vec<String> {
        for address in written {
            if !address.value.starts_with("https://") && !address.value.starts_with("http://") {
                let message = format!("'{}' is no address of a page", address.value);
                self.mistakes.add(&address.place, message, "Addresses begin with `https://`.".to_owned());
            }
        }
        written.iter().map(|address| address.value.clone()).collect()
    }

    fn bucket(&self, bucket: &At<String>, written: &root::Knowledge) -> Option<Bucket> {
        let Some((name, prefix)) =
            bucket.value.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))
        else {
            let message = format!("'{}' is no bucket", bucket.value);
            self.mistakes.add(&bucket.place, message, "Buckets look like `s3://name/prefix`.".to_owned());
            return None;
        };
        let text = |written: &Option<At<String>>| written.as_ref().map(|written| written.value.clone());
        let secret = |written: &Option<At<String>>| written.as_ref().and_then(|one| self.secret(one, Wanted::Needed));
        let region = text(&written.bucket_region).unwrap_or_else(|| "us-east-1".to_owned());
        let key = secret(&written.bucket_key).zip(secret(&written.bucket_secret));
        Some(Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: text(&written.bucket_endpoint).unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com")),
            region,
            key: key.map(|(id, secret)| (id.reveal().to_owned(), secret)),
        })
    }

    fn globs(&self, written: &[At<String>]) -> Vec<String> {
        for glob in written {
            if let Err(error) = globset::Glob::new(&glob.value) {
                let message = format!("'{}' is not a glob: {}", glob.value, error.kind());
                self.mistakes.add(&glob.place, message, "Globs look like `**/*.md` or `drafts/**`.".to_owned());
            }
        }
        written.iter().map(|glob| glob.value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::settings;

    fn mistakes(lines: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[knowledge.it]\nurls = [\"https://example.com\"]\n{lines}\n");
        std::fs::write(folder.path().join("surefoot.toml"), text).unwrap();
        let found = settings::load(folder.path()).err().unwrap_or_default();
        found.iter().map(|mistake| format!("{mistake:?}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_says_more_of_a_source_stands_beside_it() {
        for (lines, said) in [
            ("git_ref = \"main\"", "`git_ref` says nothing without `git`"),
            ("git_token = \"env:PATH\"", "`git_token` says nothing without `git`"),
            ("bucket_region = \"eu-west-1\"", "`bucket_region` says nothing without `bucket`"),
            ("bucket = \"s3://a\"\nbucket_key = \"env:PATH\"", "`bucket_key` says nothing without `bucket_secret`"),
            ("bucket = \"s3://a\"\nbucket_secret = \"env:PATH\"", "`bucket_secret` says nothing without `bucket_key`"),
        ] {
            let told = mistakes(lines);
            assert!(told.contains(said), "{lines}: {told}");
        }
        let whole = "bucket = \"s3://a\"\nbucket_key = \"env:PATH\"\nbucket_secret = \"env:PATH\"";
        assert_eq!(mistakes(whole), "");
    }
}
