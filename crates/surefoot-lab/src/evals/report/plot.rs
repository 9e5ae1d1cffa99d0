//! Pictures as SVG within a page: intervals under each other, and quality against what it takes.

use std::fmt::Write;

use super::html::escaped;

/// How wide a picture is; it shrinks with the page.
const WIDTH: f64 = 760.0;
/// Where the names end and the axis begins.
const LEFT: f64 = 210.0;
const RIGHT: f64 = 740.0;
const ROW: f64 = 26.0;

/// A figure with its interval.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// The class that colours it.
    pub(super) class: &'static str,
    /// What is told beside it.
    pub(super) told: String,
}

/// Figures under each other, from `from` to `to` on a common axis, with a line at `mark`.
pub(super) fn bars(title: &str, rows: &[Bar], [from, to]: [f64; 2], mark: Option<f64>) -> String {
    let height = ROW * (rows.len() as f64 + 1.5);
    let x = |value: f64| LEFT + (value.clamp(from, to) - from) / (to - from) * (RIGHT - LEFT);
    let mut svg = begun(title, height);
    for step in 0..=4 {
        let value = from + (to - from) * f64::from(step) / 4.0;
        line(&mut svg, "grid", [x(value), 0.0], [x(value), height - ROW]);
        text(&mut svg, "tick", "middle", [x(value), height - 8.0], &format!("{:.0} %", value * 100.0));
    }
    if let Some(mark) = mark {
        line(&mut svg, "mark", [x(mark), 0.0], [x(mark), height - ROW]);
    }
    for (at, row) in rows.iter().enumerate() {
        let y = ROW * (at as f64 + 0.7);
        text(&mut svg, "name", "end", [LEFT - 10.0, y + 4.0], &super::cut(&row.name, 28));
        let _ = write!(svg, "<g class=\"{}\"><title>{}</title>", row.class, escaped(&row.told));
        line(&mut svg, "span", [x(row.low), y], [x(row.high), y]);
        let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/></g>", x(row.value));
    }
    svg + "</svg>\n"
}

/// A run in a picture of quality against what it takes.
pub(super) struct Point {
    pub(super) name: String,
    /// Value, lower and upper end.
    pub(super) x: [f64; 3],
    pub(super) y: [f64; 3],
    pub(super) class: &'static str,
}

/// Quality upwards against `axis`, with the intervals of both as crosses.
pub(super) fn crosses(title: &str, axis: &str, points: &[Point], told: impl Fn(f64) -> String) -> String {
    const HEIGHT: f64 = 300.0;
    const BELOW: f64 = 250.0;
    let most = points.iter().map(|point| point.x[2]).fold(0.0, f64::max).max(1e-12) * 1.1;
    let x = |value: f64| 60.0 + value.clamp(0.0, most) / most * (RIGHT - 60.0);
    let y = |value: f64| BELOW - value.clamp(0.0, 1.0) * (BELOW - 15.0);
    let mut svg = begun(title, HEIGHT);
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        line(&mut svg, "grid", [60.0, y(part)], [RIGHT, y(part)]);
        text(&mut svg, "tick", "end", [52.0, y(part) + 4.0], &format!("{:.0} %", part * 100.0));
        text(&mut svg, "tick", "middle", [x(part * most), BELOW + 18.0], &told(part * most));
    }
    text(&mut svg, "name", "middle", [f64::midpoint(60.0, RIGHT), HEIGHT - 8.0], axis);
    for point in points {
        let ([middle, left, right], [centre, low, high]) = (point.x, point.y);
        let _ = write!(svg, "<g class=\"{}\"><title>{}</title>", point.class, escaped(&point.name));
        line(&mut svg, "span", [x(left), y(centre)], [x(right), y(centre)]);
        line(&mut svg, "span", [x(middle), y(low)], [x(middle), y(high)]);
        let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\"/></g>", x(middle), y(centre));
        // Near the right edge the name stands on the other side of its point.
        let (side, shift) = if x(middle) > RIGHT - 160.0 { ("end", -9.0) } else { ("start", 9.0) };
        text(&mut svg, "name", side, [x(middle) + shift, y(centre) - 8.0], &super::cut(&point.name, 28));
    }
    svg + "</svg>\n"
}

fn begun(title: &str, height: f64) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\"><title>{}</title>", escaped(title))
}

fn line(svg: &mut String, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
    // Writing to a String cannot fail.
    let _ = write!(svg, "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
}

fn text(svg: &mut String, class: &str, anchor: &str, [x, y]: [f64; 2], told: &str) {
    let told = escaped(told);
    let _ = write!(svg, "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{told}</text>");
}
