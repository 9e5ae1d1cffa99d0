//! One experiment, a look further.

use std::collections::BTreeMap;

use surefoot_lab::experiments::{Design, State, Status};
use surefoot_types::{
    Timestamp,
    ports::{Stored, TrialCount},
};

use crate::{assemble::House, terminal::tell};

/// How long after the last look it is looked at even where nothing came: what was said may have settled since.
const AGAIN: i64 = 60;

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
    let settles = i64::try_from(design.settle.as_secs()).unwrap_or(AGAIN).clamp(1, AGAIN);
    let due = |(there, at): &(TrialCount, i64)| *there != count || now.as_second() - at >= settles;
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
