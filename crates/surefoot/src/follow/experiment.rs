//! One experiment, a look further.

use std::{collections::BTreeMap, time::Duration};

use surefoot_lab::experiments::{Design, State, Status};
use surefoot_types::{
    Timestamp,
    ports::{Stored, TrialCount},
};

use crate::{assemble::House, terminal::tell};

/// How long after the last look it is looked at even where nothing came: what was said may have settled since.
const AGAIN: i64 = 60;

/// Trials that are read within a second: a look at more of them waits longer, so that looks are seldom where they are
/// dear.
const A_SECOND: u64 = 20_000;

/// What there was of each experiment at the last look, and the second of it.
pub(super) type Seen = BTreeMap<String, (TrialCount, i64)>;

/// Looks at what happened, and keeps how it stands. Nothing is read where nothing can have changed.
pub(super) async fn advance(house: &House, design: &Design, seen: &mut Seen) -> Stored<()> {
    // The store's rows know milliseconds.
    let now = house.clock.now();
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let kept = house.store.experiment_get(&design.id).await?;
    let revision = kept.as_ref().map_or(0, |kept| kept.revision);
    let before = kept.as_ref().and_then(State::read);
    if kept.is_some() && before.is_none() {
        // A newer version wrote it.
        return Ok(());
    }
    if before.as_ref().is_some_and(|state| state.status != Status::Running) {
        return Ok(());
    }
    let count = house.store.trial_count(&design.id).await?;
    let due = |(there, at): &(TrialCount, i64)| now.as_second() - at >= wait(design.settle, count, *there != count);
    if before.is_some() && !seen.get(&design.id).is_none_or(due) {
        return Ok(());
    }
    let mut state = before.clone().unwrap_or_else(|| State::begun(design, now));
    let trials = house.store.trial_list(&design.id).await?;
    let said = house.store.trial_feedback(&design.id).await?;
    state.advance(design, &trials, &said, now);
    seen.insert(design.id.clone(), (count, now.as_second()));
    if before.as_ref() == Some(&state) {
        return Ok(());
    }
    if house.store.experiment_put(&state.kept(revision)).await? && state.status != Status::Running {
        tell(format!("the experiment on '{}' has ended: {}", design.function, state.verdict));
    }
    Ok(())
}

/// How many seconds after a look the next one is due, with so many trials and feedback there.
fn wait(settle: Duration, (trials, said): TrialCount, changed: bool) -> i64 {
    let floor = i64::try_from(1 + trials.saturating_add(said) / A_SECOND).unwrap_or(i64::MAX);
    let settles = i64::try_from(settle.as_secs()).unwrap_or(AGAIN).clamp(1, AGAIN);
    if changed { floor } else { settles.max(floor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_big_experiment_is_read_seldom() {
        let minute = Duration::from_secs(60);
        for (settle, count, changed, expected) in [
            (minute, (0, 0), true, 1),
            (minute, (10, 10), false, 60),
            (Duration::from_millis(1), (10, 10), false, 1),
            (Duration::from_secs(86_400), (10, 10), false, AGAIN),
            (minute, (600_000, 200_000), true, 41),
            (Duration::from_millis(1), (600_000, 0), false, 31),
            (minute, (4_000_000, 0), false, 201),
        ] {
            assert_eq!(wait(settle, count, changed), expected, "{settle:?} {count:?} {changed}");
        }
    }
}
