use super::*;

/// Test keys are put together here, so that scanners of this repository find none in it.
fn example(prefix: &str, length: usize) -> String {
    prefix.to_owned() + &"A2b3C4d5E6f7".repeat(20)[..length]
}

/// A PEM block of random-looking lines.
fn block() -> String {
    let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    format!("-----BEGIN {0} KEY-----\n{line}\n{line}\n-----END {0} KEY-----", "PRIVATE")
}

#[test]
fn finds_what_says_what_it_is() {
    for (kind, secret) in [
        ("openai key", example("sk-proj-", 40)),
        ("anthropic key", example("sk-ant-", 40)),
        ("github token", example("ghp_", 36)),
        ("google api key", example("AIza", 35)),
        ("aws access key", format!("AKIA{}", "Q3EGRJ7TXZ2MK5LW")),
        ("groq key", example("gsk_", 52)),
        ("telegram token", format!("123456789:{}", example("AA", 33))),
        ("private key", block()),
    ] {
        let text = format!("my key is {secret}, keep it");
        let found = find(&text);
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        assert_eq!(found[0].kind, kind);
        assert_eq!(&text[found[0].start..found[0].end], secret);
        let mut masked = text;
        mask_in_place(&mut masked);
        assert_eq!(masked, "my key is [secret], keep it");
    }
}

/// Checks what is found behind a name; `¤` breaks the value up, so that scanners leave it alone.
#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    let text = text.replace('¤', "");
    let found: Vec<&str> = find(&text).iter().map(|finding| &text[finding.start..finding.end]).collect();
    let expected: Vec<String> = expected.map(|value| value.replace('¤', "")).into_iter().collect();
    assert_eq!(found, expected, "in {text:?}");
}

#[test]
fn finds_what_a_name_announces() {
    check("export ACME_API_KEY=f7k2¤q9x1¤m4z8¤p0w3", Some("f7k2q9x1m4z8p0w3"));
    check("{\"acmeToken\": \"f7k2¤q9x1¤m4z8¤p0w3\"}", Some("f7k2q9x1m4z8p0w3"));
    check("Here is the key for acme: f7k2¤q9x1¤m4z8¤p0w3\nThanks", Some("f7k2q9x1m4z8p0w3"));
    check("curl -H \"X-Acme-Token: f7k2¤q9x1¤m4z8¤p0w3\" https://example.com", Some("f7k2q9x1m4z8p0w3"));
    check("the password is hunt¤er2!", Some("hunter2"));
    check("postgres://app:Wint¤er#v4@db.internal:5432/prod", Some("Winter#v4"));
    check("curl -u admin:s3cr¤et!x https://example.com", Some("s3cret!x"));
}

#[test]
fn leaves_ordinary_text_alone() {
    for text in [
        "",
        "the task-force risk-averse desk-research plan",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "set OPENAI_API_KEY=sk-… in the environment",
        "key = \"env:OPENAI_API_KEY\"",
        "apiKey: $OPENAI_API_KEY, token: ${{ secrets.GITHUB_TOKEN }}",
        "api_key=\"your_api_key\", password: your_sasl_password",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx and AKIAIOSFODNN7EXAMPLE",
        "token_count=8160 max_tokens=1276 trace_id=6576da53e6ace1daabcb94e57e3d1f29",
        "checksum = \"5552e036a15545e62a0933b7162654313f58705cddac5cbf2da8a0e9d3c1cc6f\"",
        "pub api_key: Option<SecretString>, let token = std::env::var(key)",
        "postgres://user:password@localhost/db, redis://:$PASSWORD@host",
        "this.ultraPictureBox1.Key = \"ultraPictureBox1\"",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    ] {
        assert_eq!(find(text), [], "{text}");
    }
}

proptest::proptest! {
    /// Whatever the text, findings are in order, apart, and on character borders.
    #[test]
    fn findings_are_in_order_and_apart(text in "(?:key|token|password|sk-|ghp_|://|[ =:\"@()é漢a-zA-Z0-9-]){0,60}") {
        let mut end = 0;
        for finding in find(&text) {
            assert!(finding.start >= end && finding.start < finding.end);
            assert!(text.get(finding.start..finding.end).is_some());
            end = finding.end;
        }
    }
}
