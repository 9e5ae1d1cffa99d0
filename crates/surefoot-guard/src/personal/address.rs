//! Street addresses, by how streets are named and numbered in a dozen languages.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::{
    forms::{Kind, kind},
    scan::Scan,
};

pub(super) const ADDRESS: &str = "ADDRESS";

pub(super) const KINDS: &[Kind] = &[kind(
    ADDRESS,
    &[
        "address",
        "lives at",
        "live at",
        "living at",
        "reside",
        "located at",
        "ship to",
        "deliver",
        "adresse",
        "anschrift",
        "wohnhaft",
        "dirección",
        "direccion",
        "domicilio",
        "indirizzo",
        "endereço",
        "adres",
        "adress",
        "住所",
        "주소",
        "地址",
    ],
    &[],
)];

/// Letters, roughly: what is beyond ASCII counts as one. Exact classes would make the automaton a hundred times slower.
const LETTER: &str = r"A-Za-z\u{80}-\u{10FFFF}";
const CAPITAL: &str = r"[A-Z\u{C0}-\u{DE}\u{100}-\u{24F}\u{386}-\u{3AB}\u{400}-\u{42F}]";
/// Small words within a name.
const LINK: &str = r"(?:de la|del|de|du|des|la|le|les|dos|da|do|di|della|van|von|der|den|el|los|las|y|e)";

/// English: number, name, what it is.
const SUFFIXES: &str = "Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|\
Way|Close|Crescent|Cres|Parkway|Parkways|Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Gardens|Grove|Row|Mews|Alley|Broadway|Loop|Path|Plaza|Point|\
Ridge|Route|Run|Turnpike|Walk|Parade|Esplanade|Quay|Hill|Heights|View|Views|Springs|Station|Village|Meadows|Meadow|Manor|Landing|Lodge|Island|\
Islands|Junction|Junctions|Knolls|Lake|Lakes|Land|Lights|Locks|Mall|Mill|Mission|Mountain|Mountains|Orchard|Oval|Overpass|Park|Parks|Passage|\
Pike|Pine|Pines|Plain|Plains|Port|Ports|Prairie|Radial|Ramp|Ranch|Rapid|Rapids|Rest|River|Roads|Rue|Shoal|Shoals|Shore|Shores|Spring|Spur|\
Spurs|Squares|Stravenue|Stream|Streets|Summit|Throughway|Trace|Track|Trafficway|Tunnel|Underpass|Union|Unions|Valley|Valleys|Via|Viaduct|\
Ville|Vista|Walks|Wall|Ways|Well|Wells|Causeway|Center|Centers|Cliff|Cliffs|Club|Common|Commons|Corner|Corners|Course|Courts|Cove|Coves|Creek|\
Crest|Crossing|Crossroad|Curve|Dale|Dam|Divide|Drives|Estate|Estates|Expressway|Extension|Extensions|Fall|Falls|Ferry|Field|Fields|Flat|Flats|\
Ford|Fords|Forest|Forge|Forges|Fork|Forks|Fort|Freeway|Garden|Gateway|Glen|Glens|Green|Greens|Groves|Harbor|Harbors|Haven|Hills|Hollow|Inlet";
/// Germanic, Nordic, Finnish and Hungarian: one word, then the number.
const COMPOUNDS: &str = "(?i:stra(?:ß|ss)e|strasse|str\\.|weg|platz|allee|gasse|ring|damm|ufer|steig|stieg|chaussee|straat|laan|plein|kade|gracht|dreef|singel|\
gatan|vägen|gränd|stigen|torget|backen|katu|tie|kuja|polku|gata|gate|veien|vegen|vei|vej|gade|allé|gården|utca|tér)";
const FRENCH: &str =
    "(?i:rue|avenue|av\\.|boulevard|bd|place|chemin|allée|impasse|quai|cours|route|passage|square|sentier)";
/// Romance and Slavic: what it is, name, number.
const BEFORE: &str = "[Cc]alle|[Cc]/|[Aa]venida|[Aa]v\\.|[Aa]vda\\.?|[Pp]aseo|[Pp]laza|[Cc]arrer|[Cc]amino|[Rr]onda|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Vv]icolo|\
[Ll]argo|[Rr]ua|[Tt]ravessa|[Ee]strada|[Pp]raça|ul\\.|[Uu]lica|al\\.|[Aa]leja|os\\.|pl\\.|ulice|ул\\.|улица|[Rr]ue|[Aa]venue";

static STREET: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!(r"(?:{CAPITAL}[{LETTER}'’.\-]*|[0-9]{{1,3}}(?:st|nd|rd|th))");
    let unit = r"(?:,?\s+(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|#)\.?[ \t]*[0-9A-Za-z]{1,5})?";
    // Town and country up to a post code; in Britain the code has letters.
    let zip = format!(
        r"(?:,?\s+(?:{name},?\s+){{1,4}}(?:[0-9]{{4,5}}(?:-[0-9]{{4}})?|[A-Z]{{1,2}}[0-9][0-9A-Z]?\s[0-9][A-Z]{{2}}))?"
    );
    let town = format!(r"(?:,?\s+(?:[A-Z]{{1,2}}-)?[0-9]{{4,5}}\s+{name})?");
    let number = r"[0-9]{1,4}(?:\s?[a-hA-H](?-u:\b))?(?:[-/][0-9]{1,4})?";
    // Four digits after one word are more often a year.
    let short = number.replace("{1,4}", "{1,3}");
    let english = format!(
        r"[0-9]{{1,5}}[A-Za-z]?(?:[-/][0-9]{{1,4}})?\s(?:[NSEW]\.?\s)?(?:{name}\s){{1,3}}(?:{SUFFIXES})(?:\.|(?-u:\b)){unit}{zip}"
    );
    let compound = format!(r"(?:{name}[\s\-])?{CAPITAL}?[{LETTER}.\-]*(?:{COMPOUNDS})\s{short}{unit}(?:{town}|{zip})");
    let french = format!(
        r"[0-9]{{1,4}}(?:\s?(?:bis|ter|[A-D]))?,?\s(?:{FRENCH})\s(?:(?:{LINK}\s|[dl]['’])*{name}\s?){{1,3}}(?:,?\s?[0-9]{{5}}\s{name})?"
    );
    let before = format!(
        r"(?:{BEFORE})\s(?:(?:{LINK}\s)*{name}\s?){{1,3}},?\s(?:n[.º°]?\s?|nº\s|núm\.\s)?{number}(?:\s?m\.?\s?[0-9]{{1,3}})?{town}"
    );
    let preposition = format!(r"(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den)\s{name}\s{number}{town}");
    let boxes = r"(?:P\.?\s?O\.?\s?Box|Postfach|Apartado(?:\s+de\s+correos)?|Postbus)\s[0-9]{2,6}";
    let military = r"(?:PSC|Unit|CMR)\s[0-9]+,?\s+Box\s[0-9]+(?:,?\s+(?:APO|FPO|DPO)\s+A[AEP]\s+[0-9]{5})?";
    let forms = [english, compound, french, before, preposition, boxes.into(), military.into()];
    let all = forms.map(|form| format!("(?:{form})")).join("|").replace(r"\s", r"[ \t\r\n]");
    RegexBuilder::new(&all).dfa_size_limit(1 << 25).build().expect("the patterns are constant and tested")
});

/// Street addresses of a text.
pub(super) fn addresses(scan: &mut Scan<'_>) {
    if !scan.runs.iter().any(|run| run.has_digit) {
        return;
    }
    let text = scan.text;
    for found in STREET.find_iter(text) {
        let shown = found.as_str().trim_end_matches([' ', ',', '.', '\n']);
        let start = found.start();
        let goes_on = text[found.end()..].starts_with(|char: char| char.is_ascii_digit())
            || text[..start].ends_with(|char: char| char.is_alphanumeric() || "-./".contains(char));
        if !goes_on && shown.bytes().any(|byte| byte.is_ascii_digit()) {
            scan.found(ADDRESS, start..start + shown.len(), 0.8, 0.92);
        }
    }
}
