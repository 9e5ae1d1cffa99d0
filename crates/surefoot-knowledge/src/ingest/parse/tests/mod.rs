//! Each format by example; office formats and hostile files have files of their own.

mod hostile;
mod office;

use super::*;
use crate::passages::{Kind, Sizes, cut};

fn read(format: Format, bytes: &[u8]) -> Parsed {
    parse(format, bytes.to_vec()).unwrap()
}

#[test]
fn names_tell_formats() {
    let cases = [
        ("a.MD", Format::Markdown),
        ("a.htm", Format::Html),
        ("a.pdf", Format::Pdf),
        ("README", Format::Prose),
        ("main.rs", Format::Code),
        ("a.XLSX", Format::Xlsx),
        ("data.log", Format::Lines),
    ];
    for (path, format) in cases {
        assert_eq!(Format::of(Path::new(path)), format, "{path}");
    }
}

#[test]
fn markdown_is_kept_byte_for_byte_and_named() {
    let source = "---\ntitle: \"From the front\"\n---\n\n# First *heading* with `code`\n\nText.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let parsed = read(Format::Markdown, source.as_bytes());
    assert_eq!(parsed.text, source);
    assert_eq!(parsed.title, "From the front");
    assert!(parsed.blocks.iter().any(|b| b.kind == Kind::Heading(1, "First heading with code".into())));
    assert!(parsed.blocks.iter().any(|b| matches!(b.kind, Kind::Headed(head) if head.of(source) == Some("| a | b |"))));
    assert_eq!(read(Format::Markdown, b"para\n\n## Only heading\n").title, "Only heading");
}

#[test]
fn html_becomes_light_markdown() {
    let source = "<html><head><title>The\n page</title><style>p{}</style></head><body><nav><a>Home</a></nav>\
        <h1>Big &amp; bold</h1><p>Some <b>bold</b> text<br>next.<ul><li>one<li>two<ol><li>inner</ol></ul>\
        <table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td><p>x|y</p></td></tr></table>\
        <pre>let a\n  = 1;</pre><script>evil()</script><p>Last.</body></html>";
    let parsed = read(Format::Html, source.as_bytes());
    assert_eq!(parsed.title, "The page");
    let expected = "# Big & bold\n\nSome bold text next.\n\n- one\n- two\n  1. inner\n\n\
        | A | B |\n|---|---|\n| 1 | x\\|y |\n\n```\nlet a\n  = 1;\n```\n\nLast.\n\n";
    assert_eq!(parsed.text, expected);
}

#[test]
fn forgotten_and_hostile_tags_lose_nothing_after_them() {
    let text = |source: &str| {
        let text = read(Format::Html, source.as_bytes()).text;
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(text("<nav>menu<main>Body"), "Body");
    assert_eq!(text("<p>a<td>b</tr></ul></pre>c"), "a b c");
    assert_eq!(text(&format!("{}deep", "<div><table>".repeat(20_000))), "| deep | |---|");
}

#[test]
fn encodings() {
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("Grüße".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(Format::Prose, &utf16).text, "Grüße");
    assert_eq!(read(Format::Prose, b"\xef\xbb\xbfmarked").text, "marked");
    assert_eq!(read(Format::Html, b"<meta charset=\"windows-1252\"><p>caf\xe9").text.trim(), "café");
    let refused = |bytes: &[u8]| parse(Format::Prose, bytes.to_vec()).unwrap_err();
    assert_eq!(read(Format::Prose, b"F\xfc\xdfe \xfcber Gr\xf6\xdfe").text, "Füße über Größe");
    let unmarked: Vec<u8> = "plain words".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(Format::Prose, &unmarked).text, "plain words");
    assert_eq!(
        read(Format::Table, b"\x96\xbc\x91O,\x94N\x97\xee\n\x8d\xb2\x93\xa1\x91\xbe\x98Y,30\n").text,
        "名前,年齢\n佐藤太郎,30\n"
    );
    assert!(refused(b"a\0b").contains("binary"));
    assert!(refused(b"\xff\xfe\x00").contains("UTF-16"));
}

/// A PDF of one line of text a page.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 4 + n * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (n, text) in pages.iter().enumerate() {
        let stream = format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + n * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        places.push(file.len());
        file += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = file.len();
    file += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    places.iter().for_each(|place| file += &format!("{place:010} 00000 n \n"));
    file += &format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    file.into_bytes()
}

#[test]
fn pdf_pages_keep_their_numbers() {
    let parsed = read(Format::Pdf, &pdf(&["Refunds take fourteen days.", "Shipping is free."]));
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    let found: Vec<_> = passages.iter().map(|p| (p.page, p.text.as_str())).collect();
    assert_eq!(found, [(Some(1), "Refunds take fourteen days."), (Some(2), "Shipping is free.")]);
}

#[test]
fn broken_pdfs_give_reasons() {
    let whole = pdf(&["Text."]);
    assert!(parse(Format::Pdf, b"hello".to_vec()).unwrap_err().contains("no PDF"));
    assert!(parse(Format::Pdf, pdf(&[""])).unwrap_err().contains("OCR"));
    for length in (0..whole.len()).step_by(37) {
        let _ = parse(Format::Pdf, whole[..length].to_vec());
    }
}
