//! Lists: Okta's `Link: <…>; rel="next"` is followed, on the same host only; cursors are never made up.

use url::Url;

use super::{
    Client,
    client::{Request, Unread, done},
};
use crate::{
    domain::failure::{CallError, Reason},
    http::{Answer, not_sent},
};

/// No list of one person's things is longer than this.
const PAGES: usize = 20;

impl Client {
    /// Every page from this URL on, each read by `read`.
    pub(super) async fn pages<P>(
        &self,
        first: Url,
        request: impl Fn(Url) -> Request,
        read: impl Fn(&Answer) -> Result<P, CallError>,
    ) -> Result<Vec<P>, CallError> {
        let mut pages = Vec::new();
        let mut url = first;
        for _ in 0..PAGES {
            let (page, next) = self
                .call(request(url), |answer| {
                    done(answer)?;
                    Ok((read(answer)?, self.next(answer)?))
                })
                .await?;
            pages.push(page);
            match next {
                Some(next) => url = next,
                None => return Ok(pages),
            }
        }
        Err(not_sent(
            Reason::UnreadableAnswer,
            format!("a list of Okta does not end after {PAGES} pages; please report this"),
        ))
    }

    fn next(&self, answer: &Answer) -> Result<Option<Url>, Unread> {
        let next = next_link(answer).map_err(|what| answer.unreadable(what))?;
        if next.as_ref().is_some_and(|url| !self.is_ours(url)) {
            return Err(answer.unreadable("the list goes on at another host").into());
        }
        Ok(next)
    }
}

/// The target of `rel="next"`, in one or in several `Link` headers.
pub(super) fn next_link(answer: &Answer) -> Result<Option<Url>, &'static str> {
    let values = answer.headers.get_all("link").iter().filter_map(|value| value.to_str().ok());
    for link in values.flat_map(|value| value.split(',')) {
        let Some((target, parameters)) = link.trim().strip_prefix('<').and_then(|l| l.split_once('>')) else {
            continue;
        };
        let is_next = |p: &str| matches!(p.trim(), "rel=\"next\"" | "rel=next");
        if parameters.split(';').any(is_next) {
            return Url::parse(target).map(Some).map_err(|_| "its link to the next page is no URL");
        }
    }
    Ok(None)
}
