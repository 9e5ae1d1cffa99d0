//! Keeps a response once it is answered.

use serde_json::{Map, Value, json};
use surefoot_gateway::{response_lost, without_secrets};
use surefoot_types::{
    conversation::{Message, Part, Role},
    response::Response,
    trace::Keep,
};

use crate::state::App;

/// A response on its way, and whether it is to be kept.
pub(crate) struct Keeping {
    app: App,
    response: Response,
    wanted: bool,
    own: Map<String, Value>,
}

impl Keeping {
    pub(super) fn new(app: &App, response: Response, wanted: bool, mut own: Map<String, Value>) -> Self {
        own.insert("id".into(), response.id.to_string().into());
        own.insert("previous_response_id".into(), json!(response.previous));
        own.insert("store".into(), wanted.into());
        if let Some(user) = &response.user {
            own.insert("user".into(), user.as_str().into());
        }
        Self { app: app.clone(), response, wanted, own }
    }

    /// Fields that stand in the response whoever answers.
    pub(crate) fn own(&self) -> &Map<String, Value> {
        &self.own
    }

    /// Keeps the response, if it is to be kept and may be. Whether it is as its caller was told; if not, the caller is
    /// to be told that it is not kept.
    pub(crate) async fn keep(&self, parts: Vec<Part>, body: &Value, keep: Keep) -> bool {
        if !self.wanted {
            return true;
        }
        // What is kept with words left out cannot be gone on from.
        if keep != Keep::All {
            return false;
        }
        let mut response = self.response.clone();
        let is_told = |part: &Part| !matches!(part, Part::Other { value, .. } if is_run_here(value));
        let parts: Vec<Part> = parts.into_iter().filter(is_told).collect();
        response.said = vec![Message { role: Role::Assistant, parts, extra: Map::new() }];
        response.body = body.clone();
        without_secrets(&mut response);
        match self.app.store.response_put(&response).await {
            Ok(()) => true,
            Err(error) => {
                response_lost(response.id, &error);
                false
            }
        }
    }
}

fn is_run_here(item: &Value) -> bool {
    item["type"] == "file_search_call" || item["type"] == "mcp_call"
}
