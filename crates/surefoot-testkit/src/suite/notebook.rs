//! Eval runs.

use surefoot_types::ports::Notebook;

use crate::samples::{case, moment, run};

/// What a notebook does.
///
/// # Panics
/// Where the backend does not.
pub async fn notebook(notebook: &dyn Notebook) {
    assert_eq!(notebook.run_list(None, 10).await, Ok(vec![]));
    let mut first = run(1, "answer");
    notebook.run_put(&first).await.expect("a run is kept");
    for id in ["b", "a"] {
        notebook.run_case_add(first.id, &case(id)).await.expect("a case is kept");
    }
    first.finished = Some(moment(2));
    notebook.run_put(&first).await.expect("a run is ended");
    assert_eq!(notebook.run_get(first.id).await, Ok(Some(first.clone())));
    assert_eq!(notebook.run_cases(first.id).await, Ok(vec![case("b"), case("a")]), "in the order of adding");

    let (second, other) = (run(2, "answer"), run(3, "other"));
    for one in [&second, &other] {
        notebook.run_put(one).await.expect("a run is kept");
    }
    assert_eq!(notebook.run_list(None, 2).await, Ok(vec![other.clone(), second.clone()]));
    assert_eq!(notebook.run_list(Some("answer"), 10).await, Ok(vec![second.clone(), first.clone()]));
    assert_eq!(notebook.run_cases(second.id).await, Ok(vec![]));
    assert_eq!(notebook.run_get(run(9, "answer").id).await, Ok(None));

    assert_eq!(notebook.run_prune(moment(1)).await, Ok(0));
    assert_eq!(notebook.run_prune(moment(2)).await, Ok(1));
    assert_eq!(notebook.run_list(None, 10).await, Ok(vec![other, second]));
    assert_eq!(notebook.run_cases(first.id).await, Ok(vec![]));
}
