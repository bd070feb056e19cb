//! Lists: Okta's `Link: <…>; rel="next"` is followed, on the same host only; cursors are never made up.

use domain::failure::{CallError, Reason};
use url::Url;

use super::{
    Client,
    client::{Request, Unread, done},
};
use crate::http::{Answer, is_too_large, link, not_sent};

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
        // Pages that had to be smaller do not make the list longer.
        let mut left = longest.pages.saturating_mul(size(&url));
        while left > 0 {
            let (page, next, asked) = self
                .page(&url, &request, |answer, url| {
                    done(answer)?;
                    Ok((read(answer)?, next(answer, url)?, size(url)))
                })
                .await?;
            pages.push(page);
            left = left.saturating_sub(asked);
            match next {
                // Asked again it would say the same, as often as we may.
                Some(next) if next == url => return Err(endless("has a page that leads to itself", longest)),
                Some(next) => url = next,
                None => return Ok(pages),
            }
        }
        Err(endless(&format!("does not end after {} pages", longest.pages), longest))
    }

    /// One page; where it is larger than an answer that is read, the same one with half as many entries, and so on.
    pub(super) async fn page<P>(
        &self,
        url: &Url,
        request: impl Fn(Url) -> Request,
        read: impl Fn(&Answer, &Url) -> Result<P, Unread>,
    ) -> Result<P, CallError> {
        let mut url = url.clone();
        loop {
            let page = self.call(request(url.clone()), |answer| read(answer, &url)).await;
            match (page, smaller(&url)) {
                (Err(error), Some(smaller)) if is_too_large(&error) => url = smaller,
                (page, _) => return page,
            }
        }
    }
}

/// Where a list goes on.
pub(super) fn next(answer: &Answer, asked: &Url) -> Result<Option<Url>, Unread> {
    link::next(&answer.headers, asked).map_err(|what| answer.unreadable(what).into())
}

/// What is read of it is never taken for the whole.
fn endless(what: &str, longest: Longest) -> CallError {
    not_sent(Reason::UnreadableAnswer, format!("a list of Okta {what}; {}", longest.advice))
}

const LIMIT: &str = "limit";

/// Entries that a page is asked for with; 1 where the URL does not say.
fn size(url: &Url) -> usize {
    let limit = url.query_pairs().find(|(name, _)| name == LIMIT);
    limit.and_then(|(_, value)| value.parse().ok()).filter(|size| *size > 0).unwrap_or(1)
}

/// The same page with half as many entries; `None` if one cannot be halved.
fn smaller(url: &Url) -> Option<Url> {
    let half = size(url) / 2;
    if half == 0 {
        return None;
    }
    let is_limit = |part: &&str| part.strip_prefix(LIMIT).is_some_and(|rest| rest.starts_with('='));
    let rest = url.query().unwrap_or_default().split('&').filter(|part| !is_limit(part));
    // The other parts stay as they are, letter by letter.
    let parts: Vec<_> = rest.map(str::to_owned).chain([format!("{LIMIT}={half}")]).collect();
    let mut smaller = url.clone();
    smaller.set_query(Some(&parts.join("&")));
    Some(smaller)
}
