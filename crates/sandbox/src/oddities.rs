//! Answers that mean the same and look different: pages of HTML for errors, headers twice, several links in one.

use crate::http::Reply;

/// An error as a proxy in front of the vendor shows it.
pub(crate) fn html(status: u16) -> Reply {
    let page = format!(
        "<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    Reply::text(status, "text/html; charset=utf-8", page)
}

/// The same reply with a page in place of its body.
pub(crate) fn instead_of(mut reply: Reply) -> Reply {
    let page = html(reply.status);
    reply.headers.retain(|(name, _)| name != "content-type");
    reply.headers.extend(page.headers);
    reply.body = page.body;
    reply
}

/// Rate limits twice, links joined, media types in other capitals: all of it is good HTTP.
pub(crate) fn headers(reply: &mut Reply) {
    let twice: Vec<_> =
        reply.headers.iter().filter(|(name, _)| name.starts_with("x-rate-limit-")).cloned().collect();
    reply.headers.extend(twice);
    let links: Vec<String> =
        reply.headers.iter().filter(|(name, _)| name == "link").map(|(_, value)| value.clone()).collect();
    if !links.is_empty() {
        reply.headers.retain(|(name, _)| name != "link");
        let joined = links.join(", ").replace("rel=\"next\"", "REL=Next; title=\"more, and more\"");
        reply.headers.push(("link".into(), joined));
    }
    for (name, value) in &mut reply.headers {
        if name == "content-type" && value == "application/json" {
            *value = "Application/JSON; Charset=\"UTF-8\"".into();
        }
    }
}
