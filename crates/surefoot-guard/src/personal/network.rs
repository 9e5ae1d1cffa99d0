//! Addresses of machines and mailboxes: e-mail, links, IP, MAC.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    forms::{Kind, kind},
    scan::Scan,
};

pub(super) const EMAIL: &str = "EMAIL";
pub(super) const URL: &str = "URL";
pub(super) const PROFILE_URL: &str = "PROFILE_URL";
pub(super) const IP_ADDRESS: &str = "IP_ADDRESS";
pub(super) const MAC_ADDRESS: &str = "MAC_ADDRESS";

pub(super) const KINDS: &[Kind] = &[
    kind(EMAIL, &[], &[]),
    kind(URL, &["url", "website", "web site", "homepage", "site", "domain", "blog", "link"], &[]),
    kind(PROFILE_URL, &[], &[]),
    kind(
        IP_ADDRESS,
        &["ip", "ipv4", "ipv6", "ip address", "remote_addr", "client_ip", "gateway", "server", "host"],
        &[],
    ),
    kind(MAC_ADDRESS, &[], &[]),
];

/// File endings and code that look like a mail domain's last part: `icon@2x.png`.
const NOT_TLDS: [&str; 14] =
    ["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "html", "py", "json", "local", "tgz"];

/// Scores of addresses that every machine has, `127.0.0.1` and `0.0.0.0`: they tell of nobody.
const NOBODYS: (f32, f32) = (0.4, 0.45);

/// Most bytes of a link that are looked at, so that no text makes the search slow.
const LONGEST_URL: usize = 2048;

/// Mailboxes that belong to software.
const NOBODY: [&str; 3] = ["git", "noreply", "no-reply"];

/// E-mail addresses, around every `@`.
pub(super) fn emails(scan: &mut Scan<'_>) {
    let text = scan.text;
    for at in memchr::memchr_iter(b'@', text.as_bytes()) {
        let local = text[..at].chars().rev().take_while(|&char| is_local(char)).map(char::len_utf8).sum::<usize>();
        let local = text[at - local..at].trim_start_matches(['.', '\'', '-', '/', '=']);
        let domain = domain(&text[at + 1..]);
        let credentials = text[..at - local.len()].ends_with(':')
            && text[text.floor_char_boundary(at.saturating_sub(LONGEST_URL))..at].contains("://");
        if !local.is_empty() && local.len() <= 64 && !local.ends_with('.') && !domain.is_empty() && !credentials {
            let score = if NOBODY.iter().any(|nobody| local.eq_ignore_ascii_case(nobody)) { 0.3 } else { 0.98 };
            scan.keep(EMAIL, at - local.len()..at + 1 + domain.len(), score);
        }
    }
}

fn is_local(char: char) -> bool {
    char.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(char) && !"{}|`".contains(char)
}

/// The host name that `text` begins with, if it has a dot and ends in a top-level domain.
fn domain(text: &str) -> &str {
    let end = text.find(|char: char| !(char.is_alphanumeric() || char == '.' || char == '-')).unwrap_or(text.len());
    let host = text[..end].trim_end_matches(['.', '-']);
    let Some((name, tld)) = host.rsplit_once('.') else { return "" };
    let plausible = tld.chars().all(char::is_alphabetic) && tld.chars().count() >= 2 || tld.starts_with("xn--");
    let labels = name.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    if plausible && labels && !NOT_TLDS.iter().any(|not| tld.eq_ignore_ascii_case(not)) { host } else { "" }
}

/// Links: each as `URL`, and those that name a person as `PROFILE_URL`.
pub(super) fn urls(scan: &mut Scan<'_>) {
    let text = scan.text;
    let schemes = memchr::memmem::find_iter(text.as_bytes(), "://").filter_map(|at| {
        let scheme = text[..at].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        matches!(&text[at - scheme..at], "http" | "https" | "ftp" | "HTTP" | "HTTPS").then_some(at - scheme)
    });
    let bare = memchr::memmem::find_iter(text.as_bytes(), "www.")
        .filter(|&at| !text[..at].ends_with(|char: char| char.is_alphanumeric() || char == '/' || char == '.'));
    let starts: Vec<usize> = schemes.chain(bare).collect();
    for start in starts {
        let rest = &text[start..text.floor_char_boundary(start + LONGEST_URL)];
        let end = rest.find(|char: char| char.is_whitespace() || "<>\"'`|\\^{}".contains(char)).unwrap_or(rest.len());
        let url = rest[..end].trim_end_matches([',', '.', ';', ':', '!', '?', ')', ']', '*']);
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        if domain(host.rsplit_once('@').map_or(host, |(_, host)| host)).is_empty() {
            continue;
        }
        scan.keep(URL, start..start + url.len(), 0.99);
        if names_person(host) {
            scan.keep(PROFILE_URL, start..start + url.len(), 0.8);
        }
    }
}

/// Whether a link's path or query names somebody: `/users/jane`, `/in/jane-doe`, `?email=…`.
fn names_person(host_and_path: &str) -> bool {
    let Some((host, path)) = host_and_path.split_once(['/', '?']) else { return false };
    let lower = path.to_ascii_lowercase();
    let folder = ["users/", "user/", "u/", "profile/", "profiles/", "people/", "in/", "~", "@"];
    let query = ["email=", "user=", "username=", "name=", "phone=", "userid=", "user_id="];
    let follows = |part: &str| {
        lower
            .split_once(part)
            .is_some_and(|(before, rest)| (before.is_empty() || before.ends_with(['/', '?', '&'])) && rest.len() > 1)
    };
    let social = ["facebook.com", "instagram.com", "twitter.com", "x.com", "t.me", "tiktok.com"];
    let profile = social.iter().any(|site| host.trim_start_matches("www.").eq_ignore_ascii_case(site));
    profile && lower.len() > 2 && !lower.contains('/') || folder.iter().chain(&query).any(|part| follows(part))
}

/// IP addresses, version 4 and 6, and MAC addresses: runs of hexadecimal digits, dots, colons and hyphens.
pub(super) fn machines(scan: &mut Scan<'_>) {
    let bytes = scan.text.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memchr3(b'.', b':', b'-', &bytes[from..]) {
        let at = from + at;
        let before = bytes[from..at].iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let after = bytes[at..].iter().take_while(|byte| byte.is_ascii_hexdigit() || b".:-".contains(byte)).count();
        let (start, end) = (at - before, at + after);
        from = end.max(at + 1);
        // A word's character on either side means that this is part of something else.
        let word = |byte: Option<&u8>| byte.is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !word(start.checked_sub(1).and_then(|before| bytes.get(before))) {
            machine(scan, start, end, word(bytes.get(end)));
        }
    }
}

fn machine(scan: &mut Scan<'_>, start: usize, end: usize, goes_on: bool) {
    let run = scan.text[start..end].trim_end_matches(['.', ':', '-']);
    // `::` and `2001:db8::` may end in colons.
    let whole = scan.text[start..end].trim_end_matches(['.', '-']);
    let range = |text: &str| start..start + text.len();
    if goes_on && run.len() == end - start {
        return;
    }
    if is_mac(run) {
        scan.keep(MAC_ADDRESS, range(run), 0.97);
    } else if let Some((address, parsed)) =
        [run, whole].iter().find_map(|text| Some((*text, text.parse::<Ipv6Addr>().ok()?)))
    {
        let digits = address.bytes().filter(u8::is_ascii_hexdigit).count();
        let zone = scan.text[start + address.len()..]
            .strip_prefix('%')
            .map_or(0, |zone| 1 + zone.bytes().take_while(u8::is_ascii_alphanumeric).count());
        // Short ones, `::` and `a::b`, are more often code.
        let alone = if digits >= 4 {
            0.95
        } else if address.starts_with("::") && digits > 0 {
            0.6
        } else {
            0.3
        };
        let (alone, near) = if parsed.is_loopback() || parsed.is_unspecified() { NOBODYS } else { (alone, 0.95) };
        scan.found(IP_ADDRESS, start..start + address.len() + zone, alone, near);
    } else {
        // A port may follow a version 4 address.
        let host = run.split(':').next().unwrap_or(run);
        if let Ok(address) = host.parse::<Ipv4Addr>()
            && !address.is_broadcast()
            && !follows_version(scan.text, start)
        {
            let every = address.is_loopback() || address.is_unspecified();
            let (alone, near) = if every { NOBODYS } else { (0.85, 0.95) };
            scan.found(IP_ADDRESS, range(host), alone, near);
        }
    }
}

/// `v1.2.3.4`, `==1.2.3.4`: a version, not a machine.
fn follows_version(text: &str, start: usize) -> bool {
    let before = text[..start].trim_end_matches([' ', '"']);
    before.ends_with("==") || before.ends_with(">=") || before.ends_with('^') || before.ends_with('~')
}

/// Six pairs, or three groups of four, joined by one sign throughout; not all zeros or ones.
fn is_mac(text: &str) -> bool {
    let grouped = |sign: char, groups: usize, length: usize| {
        let mut parts = text.split(sign);
        parts.by_ref().filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit())).count()
            == groups
            && text.len() == groups * (length + 1) - 1
    };
    let form = grouped(':', 6, 2) || grouped('-', 6, 2) || grouped('.', 3, 4);
    let digits = || text.bytes().filter(u8::is_ascii_hexdigit);
    form && !digits().all(|digit| digit == b'0') && !digits().all(|digit| digit.eq_ignore_ascii_case(&b'F'))
}
