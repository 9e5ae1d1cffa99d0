//! Sums over time, and how a chart of them is drawn: bars of whole hundredths, so that a page is small.

use surefoot_types::{
    Timestamp,
    spend::{SpendRow, Sums},
};

/// A time of a chart, from its first moment to the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) at: Timestamp,
    pub(crate) sums: Sums,
}

/// The slots of so many hours from `first` up to `now`, those without requests too.
pub(crate) fn slots(first: Timestamp, now: Timestamp, hours: u32, rows: &[SpendRow]) -> Vec<Slot> {
    let seconds = i64::from(hours.max(1)) * 3_600;
    let last = now.as_second().saturating_sub(first.as_second()).max(0) / seconds;
    let at = |n: i64| Timestamp::from_second(first.as_second() + n * seconds).unwrap_or(first);
    let mut slots: Vec<Slot> = (0..=last).map(|n| Slot { at: at(n), sums: Sums::default() }).collect();
    for row in rows {
        let n = (row.at.as_second() - first.as_second()).div_euclid(seconds);
        if let Some(slot) = usize::try_from(n).ok().and_then(|n| slots.get_mut(n)) {
            slot.sums = slot.sums.plus(row.sums);
        }
    }
    slots
}

/// A chart under its figure.
pub(crate) struct Chart {
    pub(crate) name: &'static str,
    /// The figure of the whole time.
    pub(crate) figure: String,
    /// How it compares.
    pub(crate) change: String,
    pub(crate) columns: Vec<Column>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What it says when it is pointed at.
    pub(crate) title: String,
    /// Its height, in hundredths of the highest.
    pub(crate) height: u64,
    /// How much of that is drawn as what went wrong.
    pub(crate) part: u64,
}

/// A bar a slot: how high by its value, and how much of it went wrong.
pub(crate) fn columns(
    slots: &[Slot],
    value: impl Fn(&Sums) -> f64,
    wrong: impl Fn(&Sums) -> f64,
    title: impl Fn(&Slot) -> String,
) -> Vec<Column> {
    let highest = slots.iter().map(|slot| value(&slot.sums)).fold(0.0, f64::max);
    let hundredths = |value: f64| match value {
        // What is there at all shows.
        value if value > 0.0 && highest > 0.0 => ((value / highest * 100.0).round() as u64).clamp(1, 100),
        _ => 0,
    };
    let column = |slot: &Slot| {
        let height = hundredths(value(&slot.sums));
        Column { title: title(slot), height, part: hundredths(wrong(&slot.sums)).min(height) }
    };
    slots.iter().map(column).collect()
}

/// The value that this share of the sorted values does not exceed: the nearest rank.
pub(crate) fn percentile(sorted: &[u64], share: f64) -> Option<u64> {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().checked_sub(1)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(hour: i64, requests: u64, failed: u64) -> SpendRow {
        let at = Timestamp::from_second(hour * 3_600).unwrap();
        SpendRow { at, name: String::new(), sums: Sums { requests, failed, ..Sums::default() } }
    }

    #[test]
    fn every_slot_is_there_and_holds_its_own() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let told = |hours, rows: &[SpendRow]| -> Vec<u64> {
            slots(at(10), at(22), hours, rows).iter().map(|slot| slot.sums.requests).collect()
        };
        let rows = [row(9, 100, 0), row(10, 1, 0), row(15, 2, 0), row(16, 4, 0), row(22, 8, 0), row(40, 100, 0)];
        assert_eq!(told(6, &rows), [3, 4, 8]);
        assert_eq!(told(24, &rows), [15]);
        assert_eq!(told(1, &[]).len(), 13);
    }

    #[test]
    fn bars_are_hundredths_of_the_highest_and_a_little_shows() {
        let slots: Vec<Slot> = [row(0, 1_000, 0), row(1, 1, 1), row(2, 0, 0), row(3, 500, 100)]
            .map(|row| Slot { at: row.at, sums: row.sums })
            .into();
        let columns = columns(&slots, |sums| sums.requests as f64, |sums| sums.failed as f64, |_| String::new());
        let told: Vec<_> = columns.iter().map(|column| (column.height, column.part)).collect();
        assert_eq!(told, [(100, 0), (1, 1), (0, 0), (50, 10)]);
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|share| percentile(&values, share)), [1, 50, 95, 100].map(Some));
        assert_eq!(percentile(&[7], 0.95), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
