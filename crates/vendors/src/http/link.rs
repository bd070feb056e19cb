//! `Link` headers as RFC 8288 has them: several in a header or in several headers, parameters in any order and case,
//! quoted or not, relations in a list, targets relative to what was asked for.
//!
//! What cannot be read is a fault and never "no link": a list that is read in part would pass for the whole, and whoever
//! is missing for somebody who left. That is why no parser that skips what it does not understand is used here.

use reqwest::header::HeaderMap;
use url::Url;

/// One link, as far as it is needed.
struct Link<'a> {
    target: &'a str,
    relations: Option<String>,
    anchored: bool,
}

/// The target of `rel="next"`, resolved against `base` and at the same host; `None` if there is none.
///
/// # Errors
/// What cannot be read, for people; nothing of the header.
pub(crate) fn next(headers: &HeaderMap, base: &Url) -> Result<Option<Url>, &'static str> {
    let mut next: Option<Url> = None;
    for value in headers.get_all("link") {
        let value = value.to_str().map_err(|_| "its `Link` header is no text")?;
        for link in links(value).ok_or("its `Link` header is not as RFC 8288 has it")? {
            if !is_next(&link) {
                continue;
            }
            if link.anchored {
                return Err("its link to the next page is of another page");
            }
            let mut target = base.join(link.target).map_err(|_| "its link to the next page is no URL")?;
            if target.origin() != base.origin() {
                return Err("its list goes on at another host");
            }
            target.set_fragment(None);
            if next.as_ref().is_some_and(|known| *known != target) {
                return Err("it has two links to different next pages");
            }
            next = Some(target);
        }
    }
    Ok(next)
}

fn is_next(link: &Link<'_>) -> bool {
    let relations = link.relations.as_deref().unwrap_or_default();
    relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// All links of one header; `None` if a part of it is no link.
fn links(value: &str) -> Option<Vec<Link<'_>>> {
    let mut links = Vec::new();
    let mut rest = value;
    loop {
        // An empty element of a list says nothing (RFC 9110, 5.6.1).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(links);
        }
        let (link, after) = link(rest)?;
        links.push(link);
        let after = blank(after);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after;
    }
}

fn link(text: &str) -> Option<(Link<'_>, &str)> {
    let (target, mut rest) = text.strip_prefix('<')?.split_once('>')?;
    let mut link = Link { target: target.trim_matches([' ', '\t']), relations: None, anchored: false };
    while let Some(after) = blank(rest).strip_prefix(';') {
        let after = blank(after);
        // `;` before the end or before another one is passed over.
        if after.is_empty() || after.starts_with([',', ';']) {
            rest = after;
            continue;
        }
        let (name, value, after) = parameter(after)?;
        rest = after;
        if name.eq_ignore_ascii_case("rel") {
            // The first counts (RFC 8288, 3.3).
            link.relations = link.relations.or(value);
        } else if name.eq_ignore_ascii_case("anchor") {
            link.anchored = true;
        }
    }
    Some((link, rest))
}

/// Name, value and what follows.
fn parameter(text: &str) -> Option<(&str, Option<String>, &str)> {
    let end = text.find(|c: char| !is_token(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let Some(value) = blank(rest).strip_prefix('=') else { return Some((name, None, rest)) };
    let value = blank(value);
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = unquoted(quoted)?;
        return Some((name, Some(value), rest));
    }
    // Unquoted URLs and the like are common, though no tokens.
    let end = value.find([' ', '\t', ';', ',', '"', '<']).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    (!value.is_empty()).then(|| (name, Some(value.to_owned()), rest))
}

/// A quoted string without its marks and backslashes, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// RFC 9110, 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&str]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("link", value.parse().unwrap());
        }
        let base = "https://acme.okta.com/api/v1/groups/00g1/users?limit=200".parse().unwrap();
        Ok(next(&headers, &base)?.map(String::from))
    }

    #[test]
    fn the_next_page_is_found_however_it_is_written() {
        let to = |path: &str| Ok(Some(format!("https://acme.okta.com{path}")));
        for (link, path) in [
            (r#"<https://acme.okta.com/x?after=1>; rel="next""#, "/x?after=1"),
            ("<https://acme.okta.com/x?after=1>;rel=next", "/x?after=1"),
            (r#"<https://acme.okta.com/x?after=1> ; REL = "Next""#, "/x?after=1"),
            (r#"<https://acme.okta.com/x>; title="a, b; rel=\"self\""; rel="next""#, "/x"),
            (r#"<https://acme.okta.com/x?a=1,2;3>; rel="next""#, "/x?a=1,2;3"),
            (r#"<https://acme.okta.com/s>; rel="self", <https://acme.okta.com/x>; rel="next""#, "/x"),
            (r#"<https://acme.okta.com/x>; rel="prefetch next""#, "/x"),
            (r#"<https://acme.okta.com/x>; rel="next"; rel="self""#, "/x"),
            (r#"<https://acme.okta.com/x>; crossorigin; rel="next";"#, "/x"),
            (r#", ,<https://acme.okta.com/x>; rel="next","#, "/x"),
            (r#"</api/v1/groups/00g1/users?after=2>; rel="next""#, "/api/v1/groups/00g1/users?after=2"),
            (r#"<?after=2&limit=200>; rel="next""#, "/api/v1/groups/00g1/users?after=2&limit=200"),
            (r#"<users?after=2>; rel="next""#, "/api/v1/groups/00g1/users?after=2"),
            (r#"<//acme.okta.com/x#part>; rel="next""#, "/x"),
            (r#"<https://acme.okta.com/x>; title*=UTF-8''n%c3%a4; rel="next""#, "/x"),
        ] {
            assert_eq!(of(&[link]), to(path), "{link}");
        }
        assert_eq!(of(&[r#"</s>; rel="self""#, r#"</x>; rel="next""#]), to("/x"));
        assert_eq!(of(&[r#"</x>; rel="next""#, r#"</x>; rel="next""#]), to("/x"));
    }

    #[test]
    fn no_next_page_is_none_only_where_all_was_read() {
        for link in ["", r#"</x>; rel="self""#, r#"</x>; rel="nextish""#, r#"</x>; title="rel=next""#, "</x>"]
        {
            assert_eq!(of(&[link]), Ok(None), "{link}");
        }
        for link in [
            r#"https://acme.okta.com/x; rel="next""#,
            r#"<https://acme.okta.com/x; rel="next""#,
            r#"</x>; rel="next"#,
            r#"</x> rel="next""#,
            r#"</s>; rel="self" </x>; rel="next""#,
            r#"</x>; ="next""#,
            "</x>; rel=",
            r#"</x>; rel="next"; anchor="/other""#,
            "<https://[x>; rel=next",
            r#"<https://evil.example.com/x>; rel="next""#,
            r#"<http://acme.okta.com/x>; rel="next""#,
            r#"<//evil.example.com/x>; rel="next""#,
            r#"<file://acme.okta.com\\\x>; rel="next""#,
        ] {
            assert!(of(&[link]).is_err(), "{link}");
        }
        assert!(of(&[r#"</x>; rel="next""#, r#"</y>; rel="next""#]).is_err());
    }

    proptest! {
        #[test]
        fn a_next_page_behind_anything_is_found_or_a_fault(before in "[ -~]{0,40}") {
            let link = format!(r#"{before}, </x>; rel="next""#);
            if let Ok(found) = of(&[&link]) {
                let swallowed = before.contains(['"', '<']);
                prop_assert!(found.is_some() || swallowed, "{}", link);
            }
        }
    }
}
