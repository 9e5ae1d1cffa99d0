//! What is known of a model, as the lists of models tell it.

use serde_json::{Value, json};
use surefoot_types::Money;

use crate::state::App;

/// What a model can do, and what it costs in dollars a million tokens; null where nothing is known.
pub(super) fn known(app: &App, name: &str) -> Value {
    let (can, price) = app.gateway.model_known(name);
    let mut known = json!(can);
    if let Some(price) = price {
        let dollars = |money: Money| money.as_nanos() as f64 / 1e9;
        known["price"] = json!({"input": dollars(price.rates.input), "output": dollars(price.rates.output)});
    }
    if known.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { known }
}
