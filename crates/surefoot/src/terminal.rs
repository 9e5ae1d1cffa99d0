//! Words for people: data on stdout, everything else on stderr, colours and bars only on terminals.

use std::{io::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use surefoot_types::Fault;

const BAD: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// Prints a line of data. A reader that has gone (`| head`) is no failure.
pub(crate) fn say(line: impl AsRef<str>) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{}", line.as_ref());
}

/// Prints a piece of data without a line's end.
pub(crate) fn say_piece(piece: &str) {
    let mut out = anstream::stdout().lock();
    let _ = write!(out, "{piece}").and_then(|()| out.flush());
}

/// Prints data as JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub(crate) fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Tells the person something beside the data.
pub(crate) fn tell(line: impl AsRef<str>) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{}", line.as_ref());
}

/// Tells what went wrong, with its causes, and what to do.
pub(crate) fn problem(error: &anyhow::Error) {
    tell(format!("{BAD}error:{BAD:#} {error}"));
    for cause in error.chain().skip(1) {
        tell(format!("  because {cause}"));
    }
    if let Some(hint) = error.downcast_ref::<Fault>().and_then(|fault| fault.hint.as_deref()) {
        tell(format!("{HINT}hint:{HINT:#} {hint}"));
    }
}

/// A table with these columns.
pub(crate) fn table<const N: usize>(columns: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(columns);
    table
}

/// A bar over so many steps, on stderr; nothing where that is no terminal.
pub(crate) fn bar(steps: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg} ({eta} left)");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_prefix(what.to_owned());
    bar
}

/// A time as people say it.
pub(crate) fn told(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds if seconds < 120.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.1} min", seconds / 60.0),
    }
}
