//! Lists: Okta's `Link: <…>; rel="next"` is followed, on the same host only; cursors are never made up.

use domain::failure::{CallError, Reason};
use url::Url;

use super::{
    Client,
    client::{Request, Unread, done},
};
use crate::http::{Answer, not_sent};

/// How far a list is followed before it is refused: it is never cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Longest {
    pub(super) pages: usize,
    /// What to do about a list that is longer.
    pub(super) advice: &'static str,
}

/// No list of one person's things is longer than this.
const OF_A_PERSON: Longest = Longest { pages: 20, advice: "please report this" };

impl Client {
    /// Every page of a list of one person's things from this URL on, each read by `read`.
    pub(super) async fn pages<P>(
        &self,
        first: Url,
        request: impl Fn(Url) -> Request,
        read: impl Fn(&Answer) -> Result<P, CallError>,
    ) -> Result<Vec<P>, CallError> {
        self.pages_of(OF_A_PERSON, first, request, read).await
    }

    /// The same for a list that may have so many pages.
    pub(super) async fn pages_of<P>(
        &self,
        longest: Longest,
        first: Url,
        request: impl Fn(Url) -> Request,
        read: impl Fn(&Answer) -> Result<P, CallError>,
    ) -> Result<Vec<P>, CallError> {
        let mut pages = Vec::new();
        let mut url = first;
        for _ in 0..longest.pages {
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
            format!("a list of Okta does not end after {} pages; {}", longest.pages, longest.advice),
        ))
    }

    pub(super) fn next(&self, answer: &Answer) -> Result<Option<Url>, Unread> {
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
