//! Files that were made to do harm: each is refused with a reason, or read within bounds.

use proptest::prelude::*;

use super::{Format, office::packed, parse};

fn refused(format: Format, bytes: Vec<u8>) -> String {
    parse(format, bytes).map(|parsed| format!("read: {} bytes", parsed.text.len())).unwrap_err()
}

#[test]
fn bombs_are_refused_with_a_reason() {
    let zeros = vec![b' '; 80 << 20];
    let small = vec![b' '; 30 << 20];
    let word = |body: &[u8]| packed(&[("word/document.xml", body)]);
    let nested = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><w:document><w:p><w:t>&b;</w:t></w:p></w:document>";
    let cells = "<table:table-cell table:number-columns-repeated=\"1000000000\"><text:p>x</text:p></table:table-cell>"
        .repeat(70_000);
    let sheet = format!("<o><table:table><table:table-row>{cells}</table:table-row></table:table></o>");
    let members: Vec<(String, &[u8])> = (0..21_000).map(|n| (format!("{n}"), &b""[..])).collect();
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let cases: Vec<(&str, Format, Vec<u8>, &str)> = vec![
        ("one huge entry", Format::Docx, word(&zeros), "unpacks to more than 64 MB"),
        ("a great ratio", Format::Docx, word(&small), "times its size"),
        ("a huge sheet", Format::Xlsx, packed(&[("xl/worksheets/sheet1.xml", &zeros)]), "unpacks to more than"),
        ("too many entries", Format::Epub, packed(&members), "more than 20000 entries"),
        ("entities in entities", Format::Docx, word(laughs.as_bytes()), "entities of its own"),
        ("deep elements", Format::Docx, word(nested.as_bytes()), "nests more than 1000"),
        ("cells without end", Format::Odf, packed(&[("content.xml", sheet.as_bytes())]), "more than 4000000 cells"),
        ("deep groups", Format::Rtf, format!("{{\\rtf1{}", "{".repeat(100_000)).into_bytes(), "nests more than 1000"),
        ("deep JSON", Format::Notebook, "[".repeat(1_000_000).into_bytes(), "no notebook"),
        ("not an archive", Format::Pptx, b"PK\x03\x04 no".to_vec(), "no PowerPoint"),
        ("encrypted office", Format::Xlsx, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "encrypted"),
        ("old office", Format::of("a.doc".as_ref()), Vec::new(), "save it as .docx"),
        ("archive", Format::of("a.zip".as_ref()), Vec::new(), "unpack it"),
        ("binary as text", Format::Prose, (0..=255).collect(), "binary"),
        ("no e-mail", Format::Mail, Vec::new(), "no e-mail"),
        ("no mailbox", Format::Mailbox, b"hello".to_vec(), "no mailbox"),
    ];
    for (what, format, bytes, reason) in cases {
        let told = refused(format, bytes);
        assert!(told.contains(reason), "{what}: {told}");
    }
}

#[test]
fn paths_that_lead_out_of_an_archive_lead_nowhere() {
    let relations = r#"<R><Relationship Id="r1" Type="x/slide" Target="../../../../etc/passwd"/></R>"#;
    let show = r#"<p><p:sldId r:id="r1"/></p>"#;
    let file =
        packed(&[("ppt/presentation.xml", show.as_bytes()), ("ppt/_rels/presentation.xml.rels", relations.as_bytes())]);
    assert_eq!(parse(Format::Pptx, file).unwrap().text, "");
}

#[test]
fn huge_and_odd_texts_end() {
    let deep = "<div>".repeat(200_000);
    assert!(parse(Format::Html, deep.into_bytes()).is_ok());
    assert!(parse(Format::Json, "[".repeat(2_000_000).into_bytes()).is_ok());
    assert!(parse(Format::Markdown, "> ".repeat(50_000).into_bytes()).is_ok());
    assert!(parse(Format::Code, "}\n".repeat(500_000).into_bytes()).is_ok());
    assert!(parse(Format::Rtf, format!("{{\\rtf1 \\bin99999999999 x{}", "\\u-1?".repeat(10_000)).into_bytes()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the bytes are, a reader gives a document or a reason, and ranges that fit the text.
    #[test]
    fn no_bytes_break_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400), pick in 0usize..12) {
        let formats = [
            Format::Markdown, Format::Html, Format::Docx, Format::Pptx, Format::Xlsx, Format::Odf, Format::Epub,
            Format::Rtf, Format::Table, Format::Json, Format::Mail, Format::Code,
        ];
        let prefix: &[u8] = if matches!(formats[pick], Format::Rtf) { b"{\\rtf1 " } else { b"" };
        if let Ok(parsed) = parse(formats[pick], [prefix, &bytes].concat()) {
            prop_assert!(parsed.blocks.iter().all(|block| block.range.end <= parsed.text.len()));
        }
    }

    /// The same for XML of an office document that was damaged somewhere.
    #[test]
    fn damaged_parts_are_reasons(cut in 0usize..300, byte in any::<u8>()) {
        let body = r#"<w:document><w:body><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            <w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>b</w:t></w:r></w:p></w:body></w:document>"#;
        let mut body = body.as_bytes().to_vec();
        let at = cut % body.len();
        body[at] = byte;
        let _ = parse(Format::Docx, packed(&[("word/document.xml", &body)]));
    }
}
