//! Style and script: files of their own, so that the page needs no inline ones, and nothing of another host.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

/// `page.css`, compiled in: nothing comes from another host.
pub async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/page.css")).into_response()
}

/// `page.js`, compiled in: nothing comes from another host.
pub async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/page.js")).into_response()
}
