//! Whether a word looks drawn by chance, or made by people: names, placeholders, examples.

/// Words in what people write where a secret will stand.
const PLACEHOLDERS: [&str; 25] = [
    "example",
    "xxxx",
    "your",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "redacted",
    "dummy",
    "sample",
    "insert",
    "replace",
    "****",
    "....",
    "####",
    "todo",
    "here",
    "my-",
    "my_",
    "secret_",
    "-token",
    "_token",
    "foobar",
    "test_key",
    "…",
];

/// Words and rows in what people write instead of a secret of a known format.
const PICTURES: [&str; 15] = [
    "example",
    "xxxxx",
    "your_",
    "your-",
    "placeholder",
    "redacted",
    "****",
    "tokenhere",
    "randomstring",
    "bot-token",
    "bot_token",
    "abc123",
    "abcdefgh",
    "klmnop",
    "1234567890",
];

/// Whether a secret of a known format is only a picture of one.
pub(super) fn is_placeholder(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let longest_run = longest_run(word.as_bytes());
    let low = match word.len() {
        40.. => 3.1,
        24.. => 2.9,
        _ => 2.4,
    };
    PICTURES.iter().any(|part| lower.contains(part))
        || longest_run >= 8 && longest_run * 2 > word.len()
        || entropy(word.as_bytes()) < low
}

/// Whether a PEM block holds a key: lines of base 64 that are no placeholder.
pub(super) fn is_key_block(block: &str) -> bool {
    let inside = block.split("-----").nth(2).unwrap_or_default();
    let base64 = inside.bytes().filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).count();
    base64 >= 60 && base64 * 10 >= inside.len() * 8 && entropy(inside.as_bytes()) > 4.0
}

/// Whether a word behind a name for secrets is one: letters and digits mixed as people don't.
pub(super) fn is_random(word: &str) -> bool {
    let bytes = word.as_bytes();
    if word.len() < 12 || is_made_up(word) || longest_run(bytes) >= 8 && entropy(bytes) < 3.5 {
        return false;
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return (15..=24).contains(&word.len()) && entropy(bytes) > 2.2;
    }
    if is_uuid(word) {
        return true;
    }
    let has = |is: fn(&u8) -> bool| bytes.iter().any(is);
    let base64 =
        word.len() >= 32 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let parts = word.split(|char: char| !(char.is_ascii_alphanumeric() || base64 && "+/".contains(char)));
    let mixed: usize = parts.filter(|part| is_mixed(part)).map(str::len).sum();
    let enough = if word.len() >= 20 { 3.0 } else { 2.8 };
    mixed >= 8 && mixed * 5 >= word.len() * 2 && entropy(bytes) >= enough
}

/// Whether a word behind a name for passwords is one.
pub(super) fn is_password(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    let odd = |byte: &u8| byte.is_ascii_punctuation() && !b"._-/:".contains(byte);
    let names = word
        .split(['.', '_', '-', '/'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    (6..=128).contains(&word.len())
        && !word.contains('/')
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit) || has(odd))
        && !names
        && !is_made_up(word)
        && longest_run(word.as_bytes()) < 5
}

/// References to secrets kept elsewhere, code, and placeholders.
fn is_made_up(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let starts = [
        "$", "{", "<", "%", "@", "env:", "env.", "file:", "process.", "os.", "http:", "https:", "secrets.", "var.",
        "config.", "self.", "this.", "/", "./", "~/", "arn:",
    ];
    let holds = ["${", "{{", "}}", "(", "::", "<", "->", "=>", "&&"];
    starts.iter().any(|start| lower.starts_with(start))
        || holds.iter().any(|part| lower.contains(part))
        || PLACEHOLDERS.iter().any(|part| lower.contains(part))
        || ["password", "passwort", "contraseña"].contains(&lower.trim_end_matches(|char: char| char.is_ascii_digit()))
}

fn is_uuid(word: &str) -> bool {
    let lengths = word.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Letters and digits in turn, more often than in names.
fn is_mixed(part: &str) -> bool {
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let bytes = part.as_bytes();
    let turns = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    // `pictureBox1`: words, of which each begins with a capital.
    let lower =
        bytes.split(|byte| !byte.is_ascii_lowercase()).filter(|run| run.len() > 2).map(<[u8]>::len).sum::<usize>();
    let named = lower * 2 >= part.len() && bytes.iter().any(u8::is_ascii_uppercase);
    part.len() >= 4 && digits > 0 && turns >= 2.max(part.len() / 6) && !named
}

fn longest_run(bytes: &[u8]) -> usize {
    bytes.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0)
}

/// Bits a byte, by how often each byte stands in the word.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    let length = bytes.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / length)
        .map(|share| -share * share.log2())
        .sum()
}
