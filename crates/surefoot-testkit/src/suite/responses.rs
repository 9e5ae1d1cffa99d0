//! Responses that later requests go on from.

use surefoot_types::{ids::ResponseId, ports::Store};

use crate::samples::{moment, response};

fn id(n: u64) -> ResponseId {
    response(n, None, None).id
}

/// What keeps responses.
///
/// # Panics
/// Where the backend does not.
pub async fn responses(store: &dyn Store) {
    let all = [
        response(1, None, None),
        response(2, Some(1), Some("anna")),
        response(3, Some(2), Some("ben")),
        response(4, Some(1), None),
    ];
    for one in &all {
        store.response_put(one).await.expect("a response is kept");
    }
    assert_eq!(store.response_get(id(2)).await, Ok(Some(all[1].clone())));
    assert_eq!(store.response_get(id(9)).await, Ok(None));
    assert_eq!(store.response_chain(id(3), 10).await, Ok(all[..3].to_vec()), "oldest first");
    assert_eq!(store.response_chain(id(3), 2).await, Ok(all[1..3].to_vec()), "the latest of them");
    assert_eq!(store.response_chain(id(4), 10).await, Ok(vec![all[0].clone(), all[3].clone()]), "a branch");
    assert_eq!(store.response_chain(id(9), 10).await, Ok(vec![]));

    let erased = store.user_erase("anna", moment(50)).await.expect("a user is erased");
    assert_eq!(erased.counts.get("responses"), Some(&1));
    assert_eq!(store.response_get(id(2)).await, Ok(None));
    assert_eq!(store.response_chain(id(3), 10).await, Ok(vec![all[2].clone()]), "it begins after what is gone");
    store.response_put(&response(5, None, Some("anna"))).await.expect("a late one is taken");
    assert_eq!(store.response_get(id(5)).await, Ok(None), "and not kept");
    let later = response(51, None, Some("anna"));
    store.response_put(&later).await.expect("a response is kept");
    assert_eq!(store.response_get(id(51)).await, Ok(Some(later.clone())));

    assert_eq!(store.response_delete(id(4)).await, Ok(true));
    assert_eq!(store.response_delete(id(4)).await, Ok(false));
    assert_eq!(store.response_prune(moment(4)).await, Ok(2));
    assert_eq!(store.response_chain(id(51), 10).await, Ok(vec![later]));
}
