//! Each office format by a small file that the test writes.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Format, Parsed, read};
use crate::passages::{Sizes, cut};

/// An archive of these entries.
pub(super) fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn texts(format: Format, entries: &[(&str, &str)]) -> Parsed {
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    read(format, &packed(&entries))
}

fn sections(parsed: &Parsed) -> Vec<(Option<u32>, String, String)> {
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    passages.into_iter().map(|p| (p.page, p.heading_path.join(" > "), p.text)).collect()
}

#[test]
fn word() {
    let body = r#"<w:document><w:body>
        <w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Leave</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Thirty </w:t></w:r><w:del><w:r><w:t>five </w:t></w:r></w:del><w:r><w:t>days &amp; more.</w:t></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>ask</w:t></w:r></w:p>
        <w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>go</w:t></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>who</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>days</w:t></w:r></w:p></w:tc></w:tr>
        <w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:p><w:r><w:t>all</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
        <mc:AlternateContent><mc:Choice><w:p><w:r><w:t>Once.</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>Once.</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>
        </w:body></w:document>"#;
    let parsed = texts(
        Format::Docx,
        &[
            ("word/document.xml", body),
            ("word/styles.xml", r#"<s><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style></s>"#),
            (
                "word/numbering.xml",
                r#"<n><w:abstractNum w:abstractNumId="3"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="3"/></w:num></n>"#,
            ),
            ("docProps/core.xml", "<c><dc:title>Handbook</dc:title><dc:creator>Ann</dc:creator></c>"),
        ],
    );
    assert_eq!((parsed.title.as_str(), parsed.metadata["author"].as_str()), ("Handbook", "Ann"));
    let expected =
        "# Leave\n\nThirty days & more.\n\n1. ask\n2. go\n\n| who | days |\n|---|---|\n| all | all |\n\nOnce.\n\n";
    assert_eq!(parsed.text, expected);
}

#[test]
fn slides_are_pages() {
    let slide = |title: &str, point: &str| {
        format!(
            r#"<p:sld><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:sp>
            <p:sp><p:nvPr><p:ph idx="1"/></p:nvPr><a:p><a:r><a:t>{point}</a:t></a:r></a:p></p:sp>
            <p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr><a:p><a:r><a:t>7</a:t></a:r></a:p></p:sp></p:sld>"#
        )
    };
    let relations = r#"<R><Relationship Id="r1" Type="x/slide" Target="slides/b.xml"/><Relationship Id="r2" Type="x/slide" Target="slides/a.xml"/></R>"#;
    let parsed = texts(
        Format::Pptx,
        &[
            ("ppt/presentation.xml", r#"<p><p:sldId r:id="r1"/><p:sldId r:id="r2"/></p>"#),
            ("ppt/_rels/presentation.xml.rels", relations),
            ("ppt/slides/a.xml", &slide("Second", "two")),
            ("ppt/slides/b.xml", &slide("First", "one")),
        ],
    );
    let expected = [
        (Some(1), "First".to_owned(), "# First\n\n- one".to_owned()),
        (Some(2), "Second".to_owned(), "# Second\n\n- two".to_owned()),
    ];
    assert_eq!(sections(&parsed), expected);
}

#[test]
fn sheets_cost_what_is_written_in_them() {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="B1" t="inlineStr"><is><t>price</t></is></c></row>
        <row r="2"><c r="A2" t="inlineStr"><is><t>rope</t></is></c><c r="B2"><v>12.5</v></c></row>
        <row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>"#;
    let parsed = texts(
        Format::Xlsx,
        &[
            (
                "xl/workbook.xml",
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Stock" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
            ),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
            ),
            ("xl/worksheets/sheet1.xml", sheet),
            (
                "_rels/.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
            ),
        ],
    );
    assert_eq!(parsed.text, "# Stock\n\n| name | price |\n|---|---|\n| rope | 12.5 |\n\n");
}

#[test]
fn open_document() {
    let content = r#"<o><office:text><text:h text:outline-level="2">Terms</text:h><text:p>Pay<text:s text:c="1"/>now.</text:p>
        <text:list><text:list-item><text:p>first</text:p></text:list-item></text:list>
        <table:table table:name="T"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>
        <table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
        </office:text></o>"#;
    let entries = [("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", content)];
    let parsed = texts(Format::Odf, &entries);
    assert_eq!(parsed.format, "odt");
    assert_eq!(parsed.text, "## Terms\n\nPay now.\n\n- first\n\n| a | b |\n|---|---|\n| x | x |\n\n");
}

#[test]
fn books_are_read_in_their_order() {
    let package = r#"<p><dc:title>The Rope</dc:title><manifest><item id="a" href="text/a%20b.xhtml"/><item id="b" href="c.xhtml"/></manifest>
        <spine><itemref idref="b"/><itemref idref="a"/></spine></p>"#;
    let parsed = texts(
        Format::Epub,
        &[
            ("META-INF/container.xml", r#"<c><rootfile full-path="OEBPS/book.opf"/></c>"#),
            ("OEBPS/book.opf", package),
            ("OEBPS/text/a b.xhtml", "<html><body><h1>Two</h1><p>Later.</p></body></html>"),
            ("OEBPS/c.xhtml", "<html><body><h1>One</h1><p>Earlier.</p></body></html>"),
        ],
    );
    assert_eq!(parsed.title, "The Rope");
    assert_eq!(parsed.text, "# One\n\nEarlier.\n\n# Two\n\nLater.\n\n");
}

#[test]
fn rich_text() {
    let source = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\info{\title Rates}{\author Bo}}
{\*\generator Riched}\pard\outlinelevel0 Caf\'e9\par\pard Price \u8364?5 {\b now}.\par
\intbl a\cell b\cell\row\intbl c\cell d\cell\row\pard After {\field{\*\fldinst HYPERLINK x}{\fldrslt link}}.\par}";
    let parsed = read(Format::Rtf, source.as_bytes());
    assert_eq!((parsed.title.as_str(), parsed.metadata["author"].as_str()), ("Rates", "Bo"));
    assert_eq!(parsed.text, "# Café\n\nPrice €5 now.\n\n| a | b |\n|---|---|\n| c | d |\n\nAfter link.\n\n");
}

#[test]
fn notebooks() {
    let source = r##"{"cells": [{"cell_type": "markdown", "source": ["# Load\n", "Text."]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\n"]}, {"data": {"image/png": "AAAA"}}]}],
        "metadata": {"language_info": {"name": "python"}}}"##;
    let parsed = read(Format::Notebook, source.as_bytes());
    assert_eq!(parsed.title, "Load");
    assert_eq!(parsed.text, "# Load\nText.\n\n```python\nprint(1)\n```\n\n```\n1\n```\n\n");
}

#[test]
fn mail_and_mailboxes() {
    let letter = "From: Ann <ann@example.com>\r\nTo: bo@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the table.\r\n\
        --b\r\nContent-Type: text/csv; name=t.csv\r\nContent-Disposition: attachment; filename=t.csv\r\n\r\na,b\r\n1,2\r\n--b--\r\n";
    let parsed = read(Format::Mail, letter.as_bytes());
    assert_eq!((parsed.title.as_str(), parsed.metadata["date"].as_str()), ("Grüße", "2026-11-03T10:00:00Z"));
    for wanted in ["# Grüße", "From: Ann <ann@example.com>", "See the table.", "## Attachment: t.csv", "a,b\r\n1,2"] {
        assert!(parsed.text.contains(wanted), "{wanted} in {}", parsed.text);
    }
    let both = format!(
        "From a@x Tue Nov  3 10:00:00 2026\r\n{letter}\r\nFrom b@x Tue Nov  3 10:00:00 2026\r\nSubject: Two\r\n\r\nBody.\r\n"
    );
    let parsed = read(Format::Mailbox, both.as_bytes());
    assert!(parsed.text.contains("# Grüße") && parsed.text.contains("# Two") && parsed.text.contains("Body."));
}

#[test]
fn tables_and_code_say_what_they_continue() {
    let rows: String = (0..200).map(|n| format!("item {n},{n}\n")).collect();
    let parsed = read(Format::Table, format!("name,price\n{rows}").as_bytes());
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    assert!(passages.len() > 1 && passages[0].lead.is_none());
    assert!(passages[1..].iter().all(|p| p.lead.as_deref() == Some("name,price")), "{passages:?}");

    let body: String = (0..200).map(|n| format!("    let value_{n} = compute({n});\n")).collect();
    let source = format!(
        "//! A module.\n\nuse a::b;\n\n/// Does it.\n#[inline]\npub fn long() {{\n{body}}}\n\nfn short() {{}}\n"
    );
    let parsed = read(Format::Code, source.as_bytes());
    let items: Vec<&str> = parsed.blocks.iter().map(|block| block.range.of(&source).unwrap()).collect();
    assert_eq!((items.len(), items[2].trim()), (3, "fn short() {}"), "{items:?}");
    assert!(items[1].starts_with("/// Does it.\n#[inline]\npub fn long"));
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    assert!(passages.iter().any(|p| p.lead.as_deref() == Some("pub fn long() {")));
}

#[test]
fn json_is_cut_between_its_members() {
    let source = "{\n  \"a\": [1, 2, {\"x\": \"}\"}],\n  \"b\": {\"c\": 1}\n}\n";
    let parsed = read(Format::Json, source.as_bytes());
    let members: Vec<&str> = parsed.blocks.iter().map(|block| block.range.of(source).unwrap().trim()).collect();
    assert_eq!((parsed.text.as_str(), members.len()), (source, 2), "{members:?}");
    let lines = "{\"a\": 1}\n{\"a\": 2}\n";
    let parsed = read(Format::Json, lines.as_bytes());
    let members: Vec<&str> = parsed.blocks.iter().map(|block| block.range.of(lines).unwrap()).collect();
    assert_eq!(members, ["{\"a\": 1}\n", "{\"a\": 2}\n"]);
    let long = format!("{{\"a\": [{}1]}}", "1, ".repeat(1000));
    assert!(read(Format::Json, long.as_bytes()).text.lines().count() > 1000);
}
