//! XML as a stream of pieces: no tree, so that no depth costs stack, and no entities but the five of XML itself, so
//! that nothing expands.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};

/// Deeper than this nothing is meant for reading.
const DEEPEST: usize = 1_000;

/// A piece of a document. Names are without their namespace's prefix.
pub(super) enum Piece<'a> {
    /// An element begins.
    Open(&'a Tag<'a>),
    /// An element ends.
    Close(&'a str),
    /// Text.
    Words(Cow<'a, str>),
}

/// The beginning of an element.
pub(super) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// Its name without prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the attribute with this name, whatever its prefix.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let attributes = attributes.with_checks(false);
        let found = attributes.flatten().find(|one| one.key.local_name().into_inner() == name)?;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// The value of the attribute with this name and prefix, as they are written.
    pub(super) fn get_exact(&self, name: &str) -> Option<String> {
        let found = self.0.try_get_attribute(name).ok()??;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned)
    }

    /// An attribute that is a number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.trim().parse().ok()
    }
}

/// Shows every piece of a document to `see`, in order.
pub(super) fn read(source: &str, see: &mut dyn FnMut(Piece<'_>) -> Result<(), String>) -> Result<(), String> {
    let mut reader = Reader::from_str(source);
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0usize;
    loop {
        match reader.read_event().map_err(|error| format!("a part of it is not valid XML: {error}"))? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(format!("it nests more than {DEEPEST} elements"));
                }
                see(Piece::Open(&Tag(start)))?;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                see(Piece::Close(end.local_name().into_inner()))?;
            }
            Event::Text(text) => see(Piece::Words(text.xml10_content()))?,
            Event::CData(text) => see(Piece::Words(text.xml10_content()))?,
            Event::GeneralRef(entity) => see(Piece::Words(resolved(&entity)))?,
            Event::DocType(declared) if declared.xml10_content().contains("<!ENTITY") => {
                return Err("it declares entities of its own, which is how small files become huge".into());
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// What a reference stands for; a space for one that nobody declared.
fn resolved(entity: &BytesRef<'_>) -> Cow<'static, str> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return character.to_string().into();
    }
    match &*entity.xml10_content() {
        "amp" => "&".into(),
        "lt" => "<".into(),
        "gt" => ">".into(),
        "quot" => "\"".into(),
        "apos" => "'".into(),
        _ => " ".into(),
    }
}
