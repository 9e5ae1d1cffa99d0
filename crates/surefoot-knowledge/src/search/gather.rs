//! A budget of words filled with what is most useful and least said already.
//!
//! Greedy maximal marginal relevance (Carbonell and Goldstein 1998): each step takes the passage whose score is
//! best once what it repeats of those taken is deducted. Likeness is the share of common terms, so that it costs no
//! vectors. Passages that follow one another in their document are then one.

use std::collections::{BTreeMap, HashSet};

use surefoot_types::{
    Range,
    document::{Hit, Passage},
    ids::DocumentId,
    ports::Library,
};

use tokio::time::timeout;

use crate::{search::copies::PATIENCE, words::terms};

/// The share of relevance; the rest is that of what is new.
const RELEVANCE: f32 = 0.7;
/// Bytes of a token, about.
pub(super) const TOKEN: usize = 4;

/// Chooses of hits, best first, what fits into so many bytes; in the order of their scores. The best one always fits.
pub(super) fn chosen(hits: Vec<Hit>, bytes: usize) -> Vec<Hit> {
    let mut left: Vec<(HashSet<String>, Hit)> = hits
        .into_iter()
        .map(|hit| (terms(&hit.found.passage.text).into_iter().map(|term| term.text).collect(), hit))
        .collect();
    let (mut taken, mut room) = (Vec::<(HashSet<String>, Hit)>::new(), bytes);
    loop {
        let fits = |hit: &Hit| taken.is_empty() || hit.found.passage.text.len() <= room;
        let worth = |(own, hit): &(HashSet<String>, Hit)| {
            let said = taken.iter().map(|(other, _)| common(own, other)).fold(0.0, f32::max);
            RELEVANCE * hit.score - (1.0 - RELEVANCE) * said
        };
        let best = left.iter().enumerate().filter(|(_, (_, hit))| fits(hit)).map(|(at, one)| (at, worth(one)));
        // The first of several alike: it stands before them.
        let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((at, _)) = best else { break };
        let one = left.remove(at);
        room = room.saturating_sub(one.1.found.passage.text.len());
        taken.push(one);
    }
    let mut hits: Vec<Hit> = taken.into_iter().map(|(_, hit)| hit).collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.found.key.cmp(&b.found.key)));
    hits
}

/// How much of the smaller one's terms the other has as well.
fn common(one: &HashSet<String>, other: &HashSet<String>) -> f32 {
    let least = one.len().min(other.len());
    if least == 0 { 0.0 } else { one.intersection(other).count() as f32 / least as f32 }
}

/// Makes one passage of those that follow one another in their document: it stands where the best of them stood.
pub(super) async fn joined(hits: Vec<Hit>, library: &dyn Library) -> Vec<Hit> {
    let mut places: BTreeMap<DocumentId, Vec<(u32, usize)>> = BTreeMap::new();
    for (at, hit) in hits.iter().enumerate() {
        places.entry(hit.found.document_id).or_default().push((hit.found.passage.ordinal, at));
    }
    let mut hits: Vec<Option<Hit>> = hits.into_iter().map(Some).collect();
    for (document, mut places) in places {
        places.sort_unstable();
        let runs: Vec<&[(u32, usize)]> = places.chunk_by(|a, b| a.0 + 1 == b.0).filter(|run| run.len() > 1).collect();
        if runs.is_empty() {
            continue;
        }
        // One that went meanwhile leaves its passages as they are; a library that is away, all that are left.
        let Ok(Ok(found)) = timeout(PATIENCE, library.document_get(document)).await else { break };
        let Some(document) = found else { continue };
        for run in runs {
            // They stand best first, so that the least place is the best one's.
            let Some(best) = run.iter().map(|(_, at)| *at).min() else { continue };
            let parts: Vec<Passage> =
                run.iter().filter_map(|(_, at)| hits[*at].as_ref().map(|hit| hit.found.passage.clone())).collect();
            let (Some(first), Some(last)) = (parts.first(), parts.last()) else { continue };
            let range = Range { start: first.range.start, end: last.range.end };
            let Some(text) = range.of(&document.text) else { continue };
            let one = Passage {
                heading_path: shared(&parts),
                page: first.page,
                lead: first.lead.clone(),
                ordinal: first.ordinal,
                text: text.to_owned(),
                range,
            };
            if let Some(hit) = hits[best].as_mut() {
                hit.found.passage = one;
            }
            run.iter().filter(|(_, at)| *at != best).for_each(|(_, at)| hits[*at] = None);
        }
    }
    hits.into_iter().flatten().collect()
}

/// The headings that all passages stand under.
fn shared(parts: &[Passage]) -> Vec<String> {
    let Some((first, rest)) = parts.split_first() else { return Vec::new() };
    let same = |at: usize| rest.iter().all(|part| part.heading_path.get(at) == first.heading_path.get(at));
    (0..first.heading_path.len()).take_while(|at| same(*at)).map(|at| first.heading_path[at].clone()).collect()
}
