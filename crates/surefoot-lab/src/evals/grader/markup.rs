//! Graders of markup: is-html, contains-html, is-xml, contains-xml.

use html5gum::{Token, Tokenizer};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use surefoot_types::run::Verdict;

use super::{Finding, Found, Given, text};

/// Elements of HTML that answers are made of. A name in angle brackets that is none of them is no HTML.
const ELEMENTS: &str = "a abbr address article aside audio b blockquote body br button canvas caption code col \
    dd del details dialog div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html i \
    iframe img input ins kbd label legend li link main mark meta nav ol optgroup option p picture pre progress q s \
    samp script section select small source span strong style sub summary sup svg table tbody td template textarea \
    tfoot th thead time title tr track u ul var video";

/// Elements that have no end tag.
const VOID: &str = "br col hr img input link meta source track";

/// Signs of HTML that an answer needs at least: one may be chance.
const SIGNS: usize = 2;

/// Attempts at reading one element; an answer of nothing but openings must not take forever.
const ATTEMPTS: usize = 500;

/// What a text has of HTML.
#[derive(Default)]
struct Seen {
    /// Known tags, their attributes, entities' makers aside, comments and document types.
    signs: usize,
    /// Whether words stand outside all elements.
    bare: bool,
}

fn seen(said: &str) -> Seen {
    let known = |list: &str, name: &[u8]| list.split_whitespace().any(|element| element.as_bytes() == name);
    let (mut seen, mut depth) = (Seen::default(), 0_usize);
    for Ok(token) in Tokenizer::new(said) {
        match token {
            Token::StartTag(tag) if known(ELEMENTS, &tag.name) => {
                seen.signs += 1 + usize::from(!tag.attributes.is_empty()) + usize::from(tag.self_closing);
                depth += usize::from(!tag.self_closing && !known(VOID, &tag.name));
            }
            Token::EndTag(tag) if known(ELEMENTS, &tag.name) => {
                seen.signs += 1;
                depth = depth.saturating_sub(1);
            }
            Token::String(words) if depth == 0 => seen.bare |= !words.iter().all(u8::is_ascii_whitespace),
            Token::Comment(_) | Token::Doctype(_) => seen.signs += 1,
            _ => {}
        }
    }
    seen
}

pub(super) fn contains_html(given: Given<'_>) -> Found {
    let signs = seen(given.said()).signs;
    Ok(Finding::of(signs >= SIGNS, format!("the answer has {signs} signs of HTML, and {SIGNS} are asked for")))
}

pub(super) fn is_html(given: Given<'_>) -> Found {
    let Seen { signs, bare } = seen(given.said());
    Ok(match (signs >= SIGNS, bare) {
        (false, _) => Finding::of(false, "the answer is not HTML"),
        (true, true) => Finding::of(false, "words of the answer stand outside all elements"),
        (true, false) => Finding::of(true, "the answer is HTML"),
    })
}

/// The paths of elements that must be there, from `{ requiredElements = ["root.item.0.name"] }`.
fn required(expected: &Value) -> Result<Vec<String>, String> {
    match expected {
        Value::Null => Ok(Vec::new()),
        Value::Object(options) if options.keys().all(|name| name == "requiredElements") => {
            options.get("requiredElements").map_or(Ok(Vec::new()), text::list)
        }
        Value::Object(_) => Err("`value` takes `requiredElements` alone".into()),
        paths => text::list(paths),
    }
}

pub(super) fn paths_fit(expected: &Value) -> Result<(), String> {
    required(expected).map(|_| ())
}

pub(super) fn is_xml(given: Given<'_>) -> Found {
    let paths = required(given.expected)?;
    let said = given.said().trim();
    Ok(match document(said) {
        Err(why) => Finding::of(false, format!("the answer is not XML: {why}")),
        Ok(document) => complete(&document, &paths),
    })
}

pub(super) fn contains_xml(given: Given<'_>) -> Found {
    let paths = required(given.expected)?;
    let elements = elements(given.said());
    let mut told = Finding::of(false, "the answer holds no XML");
    for element in elements {
        if let Ok(document) = document(element) {
            told = complete(&document, &paths);
            if told.verdict == Verdict::Pass {
                break;
            }
        }
    }
    Ok(told)
}

/// Reads XML. A document type may be named but not define anything: entities can grow without bound.
fn document(text: &str) -> Result<Document<'_>, String> {
    let declared = text.split_once("<!DOCTYPE").map_or("", |(_, after)| after);
    let defines = declared.find(['>', '[']).is_some_and(|end| declared[end..].starts_with('['));
    if defines {
        return Err("its document type defines something".into());
    }
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| error.to_string())
}

fn complete(document: &Document<'_>, paths: &[String]) -> Finding {
    let missing: Vec<_> = paths.iter().filter(|path| !has(document.root(), path)).cloned().collect();
    if missing.is_empty() {
        Finding::of(true, "the answer has the XML")
    } else {
        Finding::of(false, format!("the XML has no {}", missing.join(", ")))
    }
}

/// Whether the path leads somewhere; a number picks among elements of one name.
fn has(root: Node<'_, '_>, path: &str) -> bool {
    let mut here: Vec<Node<'_, '_>> = vec![root];
    for step in path.split('.') {
        here = match step.parse::<usize>() {
            Ok(index) => here.get(index).copied().into_iter().collect(),
            Err(_) => here.iter().flat_map(Node::children).filter(|node| node.has_tag_name(step)).collect(),
        };
    }
    !here.is_empty()
}

/// The texts from a tag to an end tag of its name that can be read as XML, none inside another.
fn elements(said: &str) -> Vec<&str> {
    let (mut found, mut from, mut attempts) = (Vec::new(), 0, 0);
    while attempts <= ATTEMPTS
        && let Some(at) = said[from..].find('<').map(|at| from + at)
    {
        let rest = &said[at..];
        let name: &str = rest[1..].split(|c: char| !(c.is_alphanumeric() || "_-.:".contains(c))).next().unwrap_or("");
        from = at + 1;
        if name.is_empty() || !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            continue;
        }
        // Looking for an end may go to the end of the answer, and so counts even where there is none.
        attempts += 1;
        let (end_tag, alone) = (format!("</{name}>"), rest.find("/>").map(|end| end + 2));
        let ends = alone.into_iter().chain(rest.match_indices(&end_tag).map(|(end, _)| end + end_tag.len()));
        for end in ends {
            if attempts > ATTEMPTS {
                return found;
            }
            attempts += 1;
            if document(&rest[..end]).is_ok() {
                found.push(&rest[..end]);
                from = at + end;
                break;
            }
        }
    }
    found
}
