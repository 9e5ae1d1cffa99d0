//! The style and the scripts, from inside the program.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};

use super::not_found;

/// Serves one of them.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "console.css" => ("text/css; charset=utf-8", include_str!("../../assets/console.css")),
        "ask.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/ask.js")),
        "events.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/events.js")),
        "theme.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/theme.js")),
        "live.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
        "playground.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/playground.js")),
        "copy.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/copy.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        _ => return not_found().into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], text).into_response()
}
