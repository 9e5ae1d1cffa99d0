//! Formats that say what they are: a vendor's prefix, a PEM header, a JWT.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::{Finding, chance};

/// Kinds, how they begin, and their patterns. A pattern is tried only where a beginning stands, so that ordinary
/// text costs little. `\w` is ASCII, and stands within classes only.
/// Where a pattern has the group `s`, that is the secret.
const PATTERNS: &[(&str, &[&str], &str)] = &[
    ("anthropic key", &["sk-ant"], r"sk-ant-[\w-]{20,}"),
    ("openrouter key", &["sk-or-"], r"sk-or-v1-[0-9a-f]{40,}"),
    ("langfuse key", &["sk-lf-", "pk-lf-"], r"[sp]k-lf-[0-9a-f-]{30,}"),
    ("openai key", &["sk-"], r"sk-(?:proj-|svcacct-|admin-|None-)?[\w-]{20,}"),
    ("surefoot key", &["sf-"], r"sf-[a-z0-9]{26,}\b"),
    ("groq key", &["gsk_"], r"gsk_[A-Za-z0-9]{40,}"),
    ("xai key", &["xai-"], r"xai-[A-Za-z0-9]{60,}"),
    ("replicate token", &["r8_"], r"r8_[A-Za-z0-9]{30,}"),
    ("perplexity key", &["pplx-"], r"pplx-[A-Za-z0-9]{40,}"),
    ("pinecone key", &["pcsk_"], r"pcsk_[\w]{40,}"),
    ("langsmith key", &["lsv2_pt", "lsv2_sk"], r"lsv2_(?:pt|sk)_[0-9a-f_]{30,}"),
    ("hugging face token", &["hf_", "api_org_"], r"(?:hf|api_org)_[A-Za-z]{34}\b"),
    ("aws access key", &["AKIA", "ASIA", "ABIA", "ACCA", "A3T"], r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b"),
    ("aws bedrock key", &["ABSK"], r"ABSK[A-Za-z0-9+/]{100,}={0,2}"),
    ("aws bedrock key", &["bedroc"], r"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[\w+/=-]*"),
    ("google api key", &["AIza"], r"AIza[\w-]{35}\b"),
    ("google oauth secret", &["GOCSPX"], r"GOCSPX-[\w-]{24,}"),
    ("google access token", &["ya29."], r"ya29\.[\w-]{30,}"),
    ("alibaba key", &["LTAI"], r"LTAI[A-Za-z0-9]{16,24}\b"),
    ("tencent key", &["AKID"], r"AKID[A-Za-z0-9]{28,40}\b"),
    ("yandex key", &["AQVN"], r"AQVN[\w-]{35,38}"),
    ("yandex key", &["YC"], r"YC[A-Za-z0-9_-]{38}\b"),
    ("digitalocean token", &["doo_v1", "dop_v1", "dor_v1"], r"do[opr]_v1_[a-f0-9]{64}"),
    ("heroku key", &["HRKU-"], r"HRKU-[\w-]{50,}"),
    ("fly.io token", &["fo1_", "fm"], r"fo1_[\w-]{43}|fm[12][ar]?_[A-Za-z0-9+/]{80,}={0,3}"),
    ("vault token", &["hvs.", "hvb.", "hvr."], r"hv[sbr]\.[\w-]{24,}"),
    ("scalingo token", &["tk-us-"], r"tk-us-[\w-]{48}"),
    ("supabase token", &["sbp_"], r"sbp_[a-f0-9]{40}"),
    ("netlify token", &["nfp_"], r"nfp_[A-Za-z0-9]{36,}"),
    ("planetscale token", &["pscale"], r"pscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}"),
    ("neon or postman key", &["napi_", "PMAK-"], r"(?:napi_[a-z0-9]{60,}|PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34})"),
    (
        "github token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github"],
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[\w]{50,}",
    ),
    (
        "gitlab token",
        &[
            "glpat-", "gldt-", "glcbt-", "glft-", "glffct-", "glimt-", "gloas-", "glptt-", "glrt-", "glrtr-",
            "glsoat-", "glagent-",
        ],
        r"gl(?:pat|dt|cbt|ft|ffct|imt|oas|ptt|rt|rtr|soat|agent)-[\w.-]{18,}",
    ),
    ("gitlab token", &["GR1348"], r"GR1348941[\w-]{20}"),
    ("gitlab session", &["_gitla"], r"_gitlab_session=[0-9a-z]{32}"),
    ("atlassian token", &["ATATT3", "ATBB", "ATCTT3"], r"AT(?:ATT3|BB|CTT3)[\w=-]{20,}"),
    ("npm token", &["npm_"], r"npm_[A-Za-z0-9]{36}\b"),
    ("pypi token", &["pypi-A"], r"pypi-AgE[\w-]{50,}"),
    ("rubygems key", &["rubyge"], r"rubygems_[a-f0-9]{48}"),
    ("nuget key", &["oy2"], r"oy2[a-z0-9]{43}\b"),
    ("clojars token", &["CLOJAR"], r"CLOJARS_[a-z0-9]{60}"),
    ("docker token", &["dckr_pat", "dckr_oat"], r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("artifactory key", &["AKCp", "cmVmd"], r"AKCp[A-Za-z0-9]{69}|cmVmd[A-Za-z0-9]{59}"),
    ("buildkite token", &["bkua_", "bkaj_"], r"bk(?:ua|aj)_[a-f0-9]{40}"),
    ("circleci token", &["CCIPAT", "CCIPRJ"], r"CCIP(?:AT|RJ)_[\w]{30,}"),
    ("sonar token", &["sqa_", "sqp_", "squ_"], r"sq[apu]_[a-f0-9]{40}"),
    ("sourcegraph token", &["sgp_"], r"sgp_(?:local_|[a-fA-F0-9]{16}_)?[a-fA-F0-9]{40}"),
    (
        "slack token",
        &["xoxa", "xoxb", "xoxe", "xoxo", "xoxp", "xoxr", "xoxs"],
        r"xox[abeoprs](?:\.xox[bp])?-[0-9][0-9-]*[A-Za-z][A-Za-z0-9-]{8,}",
    ),
    ("slack token", &["xapp-"], r"xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]+"),
    ("slack webhook", &["hooks."], r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,60}"),
    ("discord webhook", &["discor"], r"discord(?:app)?\.com/api/webhooks/[0-9]{15,20}/[\w-]{60,}"),
    ("teams webhook", &["webhoo"], r"webhook\.office\.com/webhookb2/[\w@/-]{80,}"),
    (
        "stripe key",
        &["rk_live", "rk_test", "rk_prod", "sk_live", "sk_test", "sk_prod"],
        r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}\b",
    ),
    ("stripe webhook secret", &["whsec_"], r"whsec_[A-Za-z0-9+/=]{24,}"),
    ("square token", &["sq0atp", "sq0csp", "sq0idp", "EAAA"], r"sq0(?:atp|csp|idp)-[\w-]{22,60}|EAAA[\w-]{54,60}\b"),
    ("facebook token", &["EAAM", "EAAC"], r"EAA[MC][A-Za-z0-9]{80,}"),
    ("shopify token", &["shpat_", "shpca_", "shppa_", "shpss_"], r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("shippo token", &["shippo"], r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    ("easypost key", &["EZAK", "EZTK"], r"EZ[AT]K[A-Za-z0-9]{54}\b"),
    ("flutterwave key", &["FLWPUB", "FLWSEC"], r"FLW(?:PUB|SEC)K_TEST-[A-Za-z0-9]{12,33}(?:-X)?"),
    ("duffel token", &["duffel"], r"duffel_(?:test|live)_[\w=-]{43}"),
    ("plaid token", &["access"], r"access-(?:sandbox|development|production)-[0-9a-f-]{36}"),
    ("paypal token", &["access"], r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    ("sendgrid key", &["SG."], r"SG\.[\w=.-]{60,70}"),
    ("brevo key", &["xkeysi"], r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("brevo key", &["xsmtps"], r"xsmtpsib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    ("mailgun key", &["key-", "pubkey"], r"key-[a-f0-9]{32}\b|pubkey-[a-f0-9]{32}\b"),
    ("twilio key", &["SK"], r"SK[0-9a-fA-F]{32}\b"),
    ("twilio account", &["AC"], r"AC[0-9a-f]{32}\b"),
    ("databricks token", &["dapi"], r"dapi[a-f0-9]{32}(?:-[0-9])?\b"),
    ("dynatrace token", &["dt0c01"], r"dt0c01\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{64}"),
    ("grafana token", &["eyJrIj"], r"eyJrIjoi[A-Za-z0-9]{60,400}={0,3}"),
    ("grafana token", &["glc_", "glsa_"], r"glc_[A-Za-z0-9+/]{32,400}={0,3}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    ("new relic key", &["NRAK-", "NRJS-", "NRII-", "NRIQ-", "NRRA-"], r"NR(?:AK|JS|II|IQ|RA)-[A-Za-z0-9_-]{19,}"),
    ("sentry token", &["sntryu", "sntrys"], r"sntry[us]_[\w+/=-]{40,}"),
    ("linear key", &["lin_ap"], r"lin_api_[A-Za-z0-9]{40}"),
    ("notion token", &["ntn_", "secret"], r"ntn_[0-9]{11}[A-Za-z0-9]{32,35}\b|secret_[A-Za-z0-9]{43}\b"),
    ("airtable token", &["pat"], r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("figma token", &["figd_", "figo_", "figr_"], r"fig[dor]_[\w-]{40,}"),
    ("frame.io token", &["fio-u-"], r"fio-u-[\w=-]{64}"),
    ("typeform token", &["tfp_"], r"tfp_[\w.=-]{59}"),
    ("contentful token", &["CFPAT-"], r"CFPAT-[\w-]{43}"),
    ("hubspot token", &["pat-na", "pat-eu"], r"pat-(?:na|eu)[0-9]-[0-9a-f-]{36}"),
    (
        "doppler token",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9.]{40,}",
    ),
    (
        "infisical or prefect token",
        &["pnu_", "st."],
        r"pnu_[A-Za-z0-9]{36}|st\.[0-9a-f-]{24,36}\.[0-9a-f]{32}\.[0-9a-f]{32}",
    ),
    ("pulumi token", &["pul-"], r"pul-[a-f0-9]{40}"),
    ("readme token", &["rdme_"], r"rdme_[a-z0-9]{70}"),
    ("infracost key", &["ico-"], r"ico-[A-Za-z0-9]{32}\b"),
    ("lob key", &["live_", "test_"], r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}\b"),
    ("harness key", &["pat.", "sat."], r"[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"),
    ("intra42 secret", &["s-s4t2"], r"s-s4t2(?:ud|af)-[a-f0-9]{64}"),
    ("octopus key", &["API-"], r"API-[A-Z0-9]{26}\b"),
    ("openshift token", &["sha256"], r"sha256~[\w-]{43}"),
    ("settlemint token", &["sm_aat", "sm_pat", "sm_sat"], r"sm_[aps]at_[A-Za-z0-9]{16}\b"),
    ("tailscale key", &["tskey-"], r"tskey-[a-z]+-[A-Za-z0-9-]{20,}"),
    (
        "1password key",
        &["A3-"],
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    ),
    ("1password token", &["ops_ey"], r"ops_eyJ[A-Za-z0-9+/]{200,}={0,3}"),
    ("adobe secret", &["p8e-"], r"p8e-[A-Za-z0-9]{32}\b"),
    ("age key", &["AGE-SE"], r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    (
        "authress key",
        &["sc_", "ext_", "scauth_", "authress_"],
        r"(?:sc|ext|scauth|authress)_[a-zA-Z0-9]{5,30}\.[a-zA-Z0-9]{4,6}\.(?:acc|acc_)[_-]?[a-zA-Z0-9-]{10,32}\.[a-zA-Z0-9+/_=-]{30,120}",
    ),
    ("azure storage key", &["Accoun"], r"AccountKey=(?P<s>[A-Za-z0-9+/]{60,}={0,2})"),
    ("azure shared key", &["Shared"], r"SharedAccessKey=(?P<s>[A-Za-z0-9+/]{40,}={0,2})"),
    ("clickhouse secret", &["4b1d"], r"4b1d[A-Za-z0-9]{38}\b"),
    ("json web token", &["eyJ"], r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}={0,2}"),
    (
        "private key",
        &["-----B"],
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]{64,}?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
];

/// Kinds whose telling part stands within: the part, and the pattern. Looked for only where the part is.
const WITHIN: &[(&str, &str, &str)] = &[
    ("hashicorp token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}"),
    ("telegram token", ":A", r"[0-9]{8,10}:AA?[\w-]{33,34}\b"),
    ("facebook token", "|", r"[0-9]{15,16}\|[\w-]{27,40}"),
    ("mailchimp key", "-us", r"[a-f0-9]{32}-us[0-9]{1,2}\b"),
    ("maxmind key", "_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    ("azure secret", "Q~", r"[\w~.]{3}[0-9]Q~[\w~.-]{31,34}"),
];

/// A kind's pattern.
struct Row {
    kind: &'static str,
    regex: Regex,
}

impl Row {
    /// # Panics
    /// Never: the patterns are constant, and tested.
    fn new(kind: &'static str, pattern: &str) -> Self {
        // Classes of ASCII alone: faster, and tokens have no other letters.
        let pattern = pattern.replace(r"\w", "A-Za-z0-9_").replace(r"\b", r"(?-u:\b)");
        Self { kind, regex: Regex::new(&pattern).expect("the patterns are constant and tested") }
    }

    /// The secret in `text`, which stands at `from` of a longer one.
    fn find(&self, text: &str, from: usize) -> Option<Finding> {
        let captures = self.regex.captures(text)?;
        let secret = captures.name("s").or_else(|| captures.get(0))?;
        let real = match self.kind {
            "private key" => chance::is_key_block(secret.as_str()),
            _ => !chance::is_placeholder(secret.as_str()),
        };
        real.then_some(Finding { kind: self.kind, start: from + secret.start(), end: from + secret.end() })
    }
}

/// The patterns, by how they begin.
struct Beginnings {
    words: AhoCorasick,
    rows: Vec<Row>,
    /// For each beginning, the rows that it may be of, in their order.
    rows_of: Vec<Vec<usize>>,
}

static BEGINNINGS: LazyLock<Beginnings> = LazyLock::new(|| {
    let words: Vec<&str> = PATTERNS.iter().flat_map(|(_, begins, _)| begins.iter().copied()).collect();
    let begins_with = |word: &str, begins: &[&str]| begins.iter().any(|begin| word.starts_with(begin));
    let rows_of = |word: &&str| {
        let may = PATTERNS.iter().enumerate().filter(|(_, (_, begins, _))| begins_with(word, begins));
        may.map(|(at, _)| at).collect()
    };
    Beginnings {
        rows_of: words.iter().map(rows_of).collect(),
        rows: PATTERNS.iter().map(|(kind, _, pattern)| Row::new(kind, &format!("^(?:{pattern})"))).collect(),
        words: AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(words)
            .expect("the beginnings are constant and tested"),
    }
});
static HOLDING: LazyLock<Vec<Row>> =
    LazyLock::new(|| WITHIN.iter().map(|(kind, _, pattern)| Row::new(kind, pattern)).collect());

/// Most bytes of a secret: a private key of 8,192 bits, and some more.
const LONGEST: usize = 8 * 1024;
/// Most bytes of a secret before and after its telling part.
const AROUND: usize = 80;

/// Secrets of known formats.
pub(super) fn find(text: &str, found: &mut Vec<Finding>) {
    let Beginnings { words, rows, rows_of } = &*BEGINNINGS;
    let mut done = 0;
    for word in words.find_iter(text) {
        let (start, bytes) = (word.start(), text.as_bytes());
        let inside =
            start.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'+');
        if start < done || inside && bytes[start] != b'-' {
            continue;
        }
        let end = text.floor_char_boundary(start + LONGEST);
        let mut rows = rows_of[word.pattern().as_usize()].iter().map(|&row| &rows[row]);
        if let Some(finding) = rows.find_map(|row| row.find(&text[start..end], start)) {
            done = finding.end;
            found.push(finding);
        }
    }
    for ((_, part, _), row) in WITHIN.iter().zip(&*HOLDING) {
        let joined =
            |at: &usize| at.checked_sub(1).is_some_and(|before| text.as_bytes()[before].is_ascii_alphanumeric());
        for at in memchr::memmem::find_iter(text.as_bytes(), part).filter(joined) {
            let (start, end) =
                (text.floor_char_boundary(at.saturating_sub(AROUND)), text.floor_char_boundary(at + AROUND));
            let whole = |finding: &Finding| {
                !text[..finding.start].ends_with(|char: char| char.is_ascii_alphanumeric() || "~-_".contains(char))
            };
            found.extend(row.find(&text[start..end], start).filter(whole));
        }
    }
}
