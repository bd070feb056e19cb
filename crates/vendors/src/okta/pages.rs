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

/// The target of `rel="next"`, in one or in several `Link` headers (RFC 8288). What cannot be read is an error: a list
/// whose next page is overlooked is a list that was cut.
pub(super) fn next_link(answer: &Answer) -> Result<Option<Url>, &'static str> {
    for value in answer.headers.get_all("link") {
        let value = value.to_str().map_err(|_| "its `Link` header is not text")?;
        for link in split_outside(value, ',') {
            let (target, parameters) = match link.trim().strip_prefix('<').and_then(|l| l.split_once('>')) {
                Some((target, parameters)) => (Some(target), parameters),
                None => (None, link),
            };
            if split_outside(parameters, ';').into_iter().any(is_next) {
                let url = target.and_then(|target| Url::parse(target.trim()).ok());
                return url.map(Some).ok_or("its link to the next page is no URL");
            }
        }
    }
    Ok(None)
}

/// `rel` with `next` among its relations: quoted or not, in any capitals.
fn is_next(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value
                .trim()
                .trim_matches('"')
                .split_ascii_whitespace()
                .any(|rel| rel.eq_ignore_ascii_case("next"))
    })
}

/// Cuts at a separator that stands neither in `<…>` nor in quotes.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped, mut target) = (false, false, false);
    text.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !target => quoted = !quoted,
            '<' if !quoted => target = true,
            '>' if target => target = false,
            _ => return c == separator && !quoted && !target,
        }
        false
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderValue, LINK};

    use super::*;

    fn next(links: &[&str]) -> Result<Option<String>, &'static str> {
        let value = |link: &&str| (LINK, HeaderValue::from_bytes(link.as_bytes()).unwrap());
        let answer = Answer {
            api: crate::http::Api::Okta,
            nature: crate::http::Nature::Read,
            place: String::new(),
            status: 200,
            headers: links.iter().map(value).collect(),
            body: Vec::new(),
            sent: jiff::Timestamp::UNIX_EPOCH,
            received: jiff::Timestamp::UNIX_EPOCH,
        };
        next_link(&answer).map(|url| url.map(String::from))
    }

    #[test]
    fn the_next_page_is_found_however_the_link_is_written() {
        let page = "https://okta.example/api?after=1";
        for link in [
            "<https://okta.example/api?after=1>; rel=\"next\"",
            "<https://okta.example/api?after=1>; rel=next",
            "<https://okta.example/api?after=1>; REL=Next",
            "<https://okta.example/api?after=1>; rel = \"NEXT\"",
            "<https://okta.example/api?after=1>; rel=\"last next\"",
            "<https://okta.example/api?after=1>; title=\"more, and more\"; rel=next",
            "<https://okta.example/api?after=1>; title=\"a; \\\"b\\\", c\"; rel=next",
            "<https://okta.example/api>; rel=self, <https://okta.example/api?after=1>; rel=next",
            "<https://okta.example/api?a=1,2>; rel=\"self\",<https://okta.example/api?after=1>;rel=\"next\"",
        ] {
            assert_eq!(next(&[link]), Ok(Some(page.to_owned())), "{link}");
        }
        let with_comma = "<https://okta.example/api?after=1,2>; rel=next";
        assert_eq!(next(&[with_comma]), Ok(Some("https://okta.example/api?after=1,2".to_owned())));
        assert_eq!(next(&["</self>; rel=\"self\"", with_comma]).map(|url| url.is_some()), Ok(true));
    }

    #[test]
    fn a_next_page_that_cannot_be_read_is_no_end_of_the_list() {
        for link in
            ["</api?after=1>; rel=next", "https://okta.example/api; rel=next", "<>; rel=\"next\"", "\u{e9}"]
        {
            assert!(next(&[link]).is_err(), "{link}");
        }
    }

    #[test]
    fn other_links_are_no_next_page() {
        for link in [
            "<https://okta.example/api>; rel=\"self\"",
            "<https://okta.example/api>; title=\"rel=next\"",
            "<https://okta.example/api?x=;rel=next>; rel=prev",
            "<https://okta.example/api>; relation=next",
            "",
        ] {
            assert_eq!(next(&[link]), Ok(None), "{link}");
        }
    }
}
