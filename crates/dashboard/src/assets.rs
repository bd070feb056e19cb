//! Style and script: files of their own, so that the page needs no inline ones, and nothing of another host.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

/// The style.
pub async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/page.css")).into_response()
}

/// The script.
pub async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/page.js")).into_response()
}
