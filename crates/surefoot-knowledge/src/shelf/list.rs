//! Pages of what is kept, as callers turn them.

use surefoot_types::{Fault, Timestamp, shelf::ItemPage};

use super::{Shelves, stored::Kept};

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Only what follows this id in the list's order.
    pub after: Option<String>,
    /// Only what goes before it, up to it.
    pub before: Option<String>,
    /// The oldest first; else the newest.
    pub oldest_first: bool,
    /// At most so many.
    pub limit: usize,
    /// Only what stands so.
    pub status: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: None, before: None, oldest_first: false, limit: 20, status: None }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Whether more follows it.
    pub more: bool,
}

impl Page {
    /// Cuts a page out of a whole list, which stands with the newest first.
    pub(super) fn of<T>(&self, mut all: Vec<T>, id: impl Fn(&T) -> &str) -> Result<Listed<T>, Fault> {
        if self.oldest_first {
            all.reverse();
        }
        let place = |param: &str, wanted: &str| {
            all.iter().position(|one| id(one) == wanted).ok_or_else(|| not_listed(param, wanted))
        };
        let from = self.after.as_deref().map_or(Ok(0), |after| place("after", after).map(|at| at + 1))?;
        let to = self.before.as_deref().map_or(Ok(all.len()), |before| place("before", before))?;
        let to = to.max(from);
        // A page that ends before something is the last of those that do.
        let from =
            if self.before.is_some() && self.after.is_none() { to.saturating_sub(self.limit).max(from) } else { from };
        let more = to - from > self.limit || (self.before.is_some() && from > 0);
        let items = all.into_iter().skip(from).take(self.limit.min(to - from)).collect();
        Ok(Listed { items, more })
    }
}

impl Shelves {
    /// A page of a place.
    pub(super) async fn listed<T: Kept>(&self, place: &str, page: &Page) -> Result<Listed<T>, Fault> {
        let (cursor, param) = match (&page.after, &page.before) {
            (Some(after), _) => (Some(after), "after"),
            (None, before) => (before.as_ref(), "before"),
        };
        let back = page.after.is_none() && page.before.is_some();
        let beyond: Option<(Timestamp, String)> = match cursor {
            None => None,
            Some(id) => {
                let item = self.0.store.item_get(place, id).await?.ok_or_else(|| not_listed(param, id))?;
                Some((item.at, item.id))
            }
        };
        let wanted = ItemPage {
            beyond,
            // Backwards from the cursor, and turned round again.
            newest_first: page.oldest_first == back,
            status: page.status.clone(),
            limit: page.limit + 1,
        };
        let mut items = self.0.store.item_list(place, &wanted).await?;
        let more = items.len() > page.limit;
        items.truncate(page.limit);
        if back {
            items.reverse();
        }
        Ok(Listed { items: items.into_iter().map(T::of).collect::<Result<_, _>>()?, more })
    }
}

fn not_listed(param: &str, id: &str) -> Fault {
    Fault::bad_request(param, format!("'{id}' is not in this list"))
}
