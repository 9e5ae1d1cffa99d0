//! What a key may use. A fault names what that is, so that its reader need not ask around.

use surefoot_types::{
    Code, Fault,
    key::Scope,
    shelf::{self, MADE, may_have},
};

use super::Admitted;

/// Most names that a fault repeats.
const TOLD: usize = 20;

/// Whether the caller may use what it names: a function, or an alias or `provider/model-id`.
pub(crate) fn may_use(admitted: Option<&Admitted>, function: Option<&str>, asked: &str) -> Result<(), Fault> {
    let Some(Admitted { key, scope, .. }) = admitted else { return Ok(()) };
    let (what, name, list) = match function {
        Some(function) => ("function", function, &scope.functions),
        None => ("model", asked, &scope.models),
    };
    check(key, what, name, list.as_deref()).map_err(|mut fault| {
        fault.param = Some("model".into());
        fault
    })
}

/// Whether the caller may be answered from this knowledge.
///
/// # Errors
/// Where the key's list leaves it out, or it is a vector store that somebody else made, of which nothing is told.
pub fn may_search(admitted: Option<&Admitted>, knowledge: &str) -> Result<(), Fault> {
    if knowledge.starts_with(MADE) && !may_have(knowledge, &owner_mark(admitted)) {
        return Err(Fault::new(Code::NotFound, format!("there is no vector store '{knowledge}'")));
    }
    let Some(Admitted { key, scope, .. }) = admitted else { return Ok(()) };
    check(key, "knowledge", knowledge, scope.knowledge.as_deref())
}

/// The mark of what a caller keeps for itself: see [`surefoot_types::shelf`].
pub fn owner_mark(admitted: Option<&Admitted>) -> String {
    shelf::owner_mark(admitted.map(|admitted| admitted.key.as_str()), admitted.and_then(|one| one.tenant.as_deref()))
}

fn check(key: &str, what: &str, name: &str, list: Option<&[String]>) -> Result<(), Fault> {
    if Scope::allows(list, name) {
        return Ok(());
    }
    let names: Vec<&str> = list.unwrap_or_default().iter().take(TOLD).map(String::as_str).collect();
    let told = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Fault::new(Code::Forbidden, format!("the key '{key}' may not use the {what} '{name}'"))
        .hint(format!("What it may use of that kind: {told}.")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use surefoot_types::budget::Rates;

    use super::*;

    #[test]
    fn a_fault_names_what_the_key_may_use() {
        let list = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        let scope = Scope {
            functions: list(&["answer"]),
            models: list(&["fast", "openai/*"]),
            knowledge: list(&[]),
            ..Scope::default()
        };
        let admitted = Admitted {
            key: "app".into(),
            tenant: None,
            scope,
            tags: BTreeMap::new(),
            limits: Rates::default(),
            budget: None,
            keep: None,
        };
        let used = |function, asked| may_use(Some(&admitted), function, asked).map_err(|fault| fault.told());
        assert_eq!(used(Some("answer"), "answer@short"), Ok(()));
        assert_eq!(used(None, "openai/gpt-5"), Ok(()));
        assert_eq!(
            used(None, "anthropic/claude").unwrap_err(),
            "the key 'app' may not use the model 'anthropic/claude'. What it may use of that kind: fast, openai/*."
        );
        assert_eq!(
            may_search(Some(&admitted), "docs").unwrap_err().told(),
            "the key 'app' may not use the knowledge 'docs'. What it may use of that kind: none."
        );
        assert_eq!(may_use(None, None, "anything"), Ok(()));
        let (own, keyless) = (owner_mark(Some(&admitted)), owner_mark(None));
        let named = |mark: &str| format!("{MADE}01jd8n6y4vq0t2x5w9zk3m7c1f{mark}");
        assert_eq!(may_search(Some(&admitted), &named(&keyless)).unwrap_err().code, Code::NotFound);
        assert_eq!(may_search(None, &named(&own)).unwrap_err().code, Code::NotFound);
        assert_eq!(may_search(None, &named(&keyless)), Ok(()));
        assert_eq!(may_search(Some(&admitted), &named(&own)).unwrap_err().code, Code::Forbidden, "its list is empty");
    }
}
