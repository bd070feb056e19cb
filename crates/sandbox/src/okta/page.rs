//! Lists in pages, as Okta gives them.

use serde_json::Value;

use crate::http::{Answer, Call, Reply};
use crate::okta::errors;
use crate::world::OktaOrg;

/// One page and the `Link` headers around it.
pub(crate) fn paged<T>(
    org: &OktaOrg,
    call: &Call,
    all: &[T],
    most: usize,
    id: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Answer {
    let limit = match call.query("limit").map(str::parse) {
        None => most,
        Some(Ok(limit)) if limit > 0 => most.min(limit),
        Some(_) => return Err(errors::validation("limit", &["limit: must be a positive number".into()])),
    };
    let start = call
        .query("after")
        .and_then(|after| all.iter().position(|item| id(item) == after))
        .map_or(0, |position| position + 1);
    let page = &all[start.min(all.len())..(start + limit).min(all.len())];
    let link = |after: Option<&str>, rel: &str| {
        let mut url = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in call.query.iter().filter(|(key, _)| key != "after" && key != "limit") {
            url.append_pair(key, value);
        }
        if let Some(after) = after {
            url.append_pair("after", after);
        }
        url.append_pair("limit", &limit.to_string());
        format!("<{}{}?{}>; rel=\"{rel}\"", org.base_url, call.path, url.finish())
    };
    let mut reply =
        Reply::json(200, &page.iter().map(show).collect()).header("link", link(call.query("after"), "self"));
    if start + page.len() < all.len()
        && let Some(last) = page.last()
    {
        reply = reply.header("link", link(Some(id(last)), "next"));
    }
    Ok(reply)
}
