//! `probe URL`: asks one of this program's own endpoints, in an image that has no shell and no curl.

use std::time::Duration;

use reqwest::{Client, Response, redirect};
use url::Url;

/// Longest time for the whole question.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most of an answer that is shown, in bytes.
const LONGEST: usize = 64 * 1024;

/// Asks with GET.
///
/// # Errors
/// The answer's body if it is no 2xx, else why there is none.
pub async fn probe(url: &Url) -> Result<(), String> {
    if url.scheme() != "http" {
        return Err(format!("{url} cannot be asked; give a URL that begins with http://"));
    }
    let unanswered = |error: reqwest::Error| format!("no answer from {url}: {}", cause(&error));
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(unanswered)?;
    let answer = client.get(url.clone()).send().await.map_err(unanswered)?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status().as_u16();
    Err(format!("{url} answers {status}: {}", body(answer).await.trim_end()))
}

async fn body(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            bytes.truncate(LONGEST);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The innermost cause is the one that says something.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "none within 5 s".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
