//! Rich Text Format: paragraphs, tables, headings by their outline; pictures, styles and fields' codes left out.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::{Parsed, grid::Grid, paper::Paper};

/// Groups inside groups.
const DEEPEST: usize = 1_000;
/// Groups whose text is not text of the document.
const DESTINATIONS: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "listtable",
    "listoverridetable",
    "pict",
    "object",
    "fldinst",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "themedata",
    "datastore",
    "rsidtbl",
    "generator",
    "xmlnstbl",
    "latentstyles",
    "bkmkstart",
    "bkmkend",
    "nonshppict",
    "objdata",
    "filetbl",
    "revtbl",
];

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    if !bytes.starts_with(b"{\\rtf") {
        return Err("it is no RTF".into());
    }
    let mut reader = Reader::new();
    let mut at = 0;
    while at < bytes.len() {
        at = reader.step(bytes, at)?;
    }
    reader.paragraph();
    reader.table_done();
    Ok(reader.paper.done("rtf"))
}

/// What a group sets and its end sets back.
#[derive(Clone, Copy)]
struct Group {
    skipped: bool,
    /// The group is the document's title, author.
    info: Option<&'static str>,
    /// Bytes that stand after a Unicode character for those who do not know it.
    fallback: usize,
}

struct Reader {
    paper: Paper,
    grid: Grid,
    groups: Vec<Group>,
    group: Group,
    words: String,
    info: String,
    /// Bytes of the code page that are waiting to be decoded together.
    pending: Vec<u8>,
    encoding: &'static Encoding,
    skip: usize,
    high: Option<u16>,
    level: Option<u8>,
    in_table: bool,
    row_ended: bool,
}

impl Reader {
    fn new() -> Self {
        let group = Group { skipped: false, info: None, fallback: 1 };
        Self {
            paper: Paper::default(),
            grid: Grid::default(),
            groups: Vec::new(),
            group,
            words: String::new(),
            info: String::new(),
            pending: Vec::new(),
            encoding: WINDOWS_1252,
            skip: 0,
            high: None,
            level: None,
            in_table: false,
            row_ended: true,
        }
    }

    /// Reads what stands at a place; gives the place after it.
    fn step(&mut self, bytes: &[u8], at: usize) -> Result<usize, String> {
        match bytes[at] {
            b'{' => {
                if self.groups.len() >= DEEPEST {
                    return Err(format!("it nests more than {DEEPEST} groups"));
                }
                self.decode();
                self.groups.push(self.group);
                Ok(at + 1)
            }
            b'}' => {
                self.decode();
                let before = self.groups.pop().unwrap_or(self.group);
                let ended = std::mem::replace(&mut self.group, before);
                if let Some(name) = ended.info.filter(|name| !name.is_empty() && self.group.info != Some(name)) {
                    self.told(name);
                }
                Ok(at + 1)
            }
            b'\\' => self.control(bytes, at + 1),
            b'\r' | b'\n' => Ok(at + 1),
            byte => {
                self.byte(byte);
                Ok(at + 1)
            }
        }
    }

    fn told(&mut self, name: &str) {
        let value = std::mem::take(&mut self.info);
        if name == "title" { self.paper.title(&value) } else { self.paper.metadata(name, &value) }
    }

    fn control(&mut self, bytes: &[u8], at: usize) -> Result<usize, String> {
        let Some(first) = bytes.get(at) else { return Ok(at) };
        if !first.is_ascii_alphabetic() {
            return Ok(self.symbol(bytes, at, *first));
        }
        let name_end = at + bytes[at..].iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = std::str::from_utf8(&bytes[at..name_end]).unwrap_or_default();
        let signed = usize::from(bytes.get(name_end) == Some(&b'-'));
        let digits = bytes[name_end + signed..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number_end = name_end + signed + digits;
        let number = std::str::from_utf8(&bytes[name_end..number_end]).ok().and_then(|n| n.parse::<i64>().ok());
        let end = number_end + usize::from(bytes.get(number_end) == Some(&b' '));
        self.decode();
        if name == "bin" {
            return Ok(end.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0)));
        }
        self.word(name, number)?;
        Ok(end)
    }

    fn symbol(&mut self, bytes: &[u8], at: usize, symbol: u8) -> usize {
        match symbol {
            b'\'' => {
                let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
                if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    self.byte(byte);
                }
                return at + 3;
            }
            // A group that those who do not know it are to leave out.
            b'*' => self.group.skipped = true,
            b'~' => self.put(" "),
            b'_' => self.put("-"),
            b'\\' | b'{' | b'}' => self.byte(symbol),
            b'\n' | b'\r' => self.paragraph(),
            _ => {}
        }
        at + 1
    }

    fn word(&mut self, name: &str, number: Option<i64>) -> Result<(), String> {
        match name {
            name if DESTINATIONS.contains(&name) => self.group.skipped = true,
            "title" => self.group.info = Some("title"),
            "author" => self.group.info = Some("author"),
            "subject" => self.group.info = Some("subject"),
            "info" => self.group.info = Some(""),
            "ansicpg" => self.code_page(number.unwrap_or(1252)),
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            "u" => self.unicode(number.unwrap_or(0)),
            "par" | "sect" | "page" if !self.group.skipped => self.paragraph(),
            "line" => self.put("\n"),
            "tab" => self.put("\t"),
            "emdash" => self.put("\u{2014}"),
            "endash" => self.put("\u{2013}"),
            "bullet" => self.put("\u{2022}"),
            "lquote" => self.put("\u{2018}"),
            "rquote" => self.put("\u{2019}"),
            "ldblquote" => self.put("\u{201c}"),
            "rdblquote" => self.put("\u{201d}"),
            "pard" => (self.level, self.in_table) = (None, false),
            "outlinelevel" => self.level = number.filter(|level| *level < 6).map(|level| level as u8 + 1),
            "intbl" => self.in_table = true,
            "cell" => self.cell()?,
            "row" => self.row_ended = true,
            _ => {}
        }
        Ok(())
    }

    fn code_page(&mut self, number: i64) {
        let label = match number {
            65001 => "utf-8".to_owned(),
            932 => "shift_jis".to_owned(),
            936 => "gbk".to_owned(),
            949 => "euc-kr".to_owned(),
            950 => "big5".to_owned(),
            number => format!("windows-{number}"),
        };
        self.encoding = Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252);
    }

    /// A UTF-16 unit, written as a signed number.
    fn unicode(&mut self, number: i64) {
        let unit = (number & 0xffff) as u16;
        self.skip = self.group.fallback;
        let units: Vec<u16> = self.high.take().into_iter().chain([unit]).collect();
        match char::decode_utf16(units.iter().copied()).collect::<Result<String, _>>() {
            Ok(text) => self.put(&text),
            Err(_) if units.len() == 1 && (0xd800..0xdc00).contains(&unit) => self.high = Some(unit),
            Err(_) => {}
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if !self.group.skipped {
            self.pending.push(byte);
        }
    }

    fn decode(&mut self) {
        self.skip = 0;
        if !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            let (text, _, _) = self.encoding.decode(&pending);
            self.put(&text);
        }
    }

    fn put(&mut self, text: &str) {
        match (self.group.skipped, self.group.info) {
            (true, _) | (_, Some("")) => {}
            (_, Some(_)) => self.info.push_str(text),
            _ => self.words.push_str(text),
        }
    }

    fn cell(&mut self) -> Result<(), String> {
        let words = std::mem::take(&mut self.words);
        if !self.grid.is_open() {
            self.grid.table();
            self.row_ended = true;
        }
        if std::mem::take(&mut self.row_ended) {
            self.grid.row();
        }
        self.grid.cell()?;
        self.grid.words(&words);
        Ok(())
    }

    fn table_done(&mut self) {
        if self.grid.is_open() {
            self.grid.close(&mut self.paper);
        }
    }

    fn paragraph(&mut self) {
        self.decode();
        if self.in_table {
            return self.words.push('\n');
        }
        let words = std::mem::take(&mut self.words);
        if words.trim().is_empty() {
            return;
        }
        self.table_done();
        match (self.level, words.trim_start().strip_prefix(['\u{2022}', '\u{b7}'])) {
            (Some(level), _) => self.paper.heading(level, &words),
            (_, Some(item)) => self.paper.item(0, None, item),
            _ => self.paper.paragraph(&words),
        }
    }
}
