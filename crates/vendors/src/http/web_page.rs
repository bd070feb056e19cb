//! A web page in the place of an API's answer: a proxy, firewall, load balancer or portal stands between, or the address
//! is another server's. The status counts before the body: it says whether to wait, and how long. Whose fault it is says
//! the body, and a page is nobody's word about a recipient.

use domain::failure::{CallError, Failure, Reason};
use serde_json::Value;

use super::{
    answer::Answer,
    api::{Api, Nature},
    fault, fields,
};

impl Answer {
    /// The error, if something else than the API answered; `None` leaves the answer to its reader.
    ///
    /// A redirect is never the API's. A success is, unless it is HTML, by its type or by its first letter: no JSON begins
    /// like markup. A refusal is the API's own if its body is whole JSON and not declared as something else, or if it has
    /// no body and is a challenge (401, or `WWW-Authenticate`, RFC 9110, 11.6.1).
    #[must_use]
    pub fn web_page(&self) -> Option<CallError> {
        let of_the_api = match self.status {
            300..=399 => false,
            200..=299 => self.body.is_empty() || !(self.is_html() || self.is_markup()),
            _ => self.is_refusal_of_the_api(),
        };
        (!of_the_api).then(|| self.not_of_the_api())
    }

    /// The same for a published file, whose server may tell in any form that there is none: only HTML and redirects are
    /// another server's word, and HTML of a server in trouble is left to the status.
    #[must_use]
    pub fn web_page_for_a_file(&self) -> Option<CallError> {
        let html = self.is_html() && !self.body.is_empty() && self.status < 500;
        let page = html || (self.is_success() && self.is_markup());
        (page || (300..400).contains(&self.status)).then(|| self.not_of_the_api())
    }

    fn is_html(&self) -> bool {
        matches!(fields::media_type(&self.headers).as_str(), "text/html" | "application/xhtml+xml")
    }

    /// HTML or XML, whatever it is declared as: a portal that answers everything says `application/json` too.
    fn is_markup(&self) -> bool {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        body.trim_ascii_start().starts_with(b"<")
    }

    fn is_refusal_of_the_api(&self) -> bool {
        if self.body.is_empty() {
            return self.status == 401 || self.headers.contains_key("www-authenticate");
        }
        let undeclared = !self.headers.contains_key("content-type");
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else { return false };
        self.says_json() || (undeclared && (body.is_object() || body.is_array()))
    }

    /// An answer of something else than the API. Its status is not handed on: a 404 of some other server says nothing
    /// about what was asked for. Its wish to wait is.
    #[must_use]
    pub fn not_of_the_api(&self) -> CallError {
        let (name, place, status) = (self.api.name(), &self.place, self.status);
        let (reason, message) = match (self.nature, status) {
            (_, 429) => (
                Reason::RateLimited,
                format!(
                    "{what} asks for fewer calls in place of {name} (HTTP 429), so a proxy, firewall or gateway stands \
                     before {place}; nobody's data is at fault, and it goes on by itself when that allows",
                    what = self.told("a web page")
                ),
            ),
            (_, 200..=399) | (Nature::Read | Nature::Change | Nature::Create, 404 | 405 | 410) => (
                Reason::WrongAddress,
                format!(
                    "{what} answered at {place} (HTTP {status}), so it is not {api}; check the URL in the connection, and \
                     any proxy, firewall or gateway between",
                    what = self.told("a web page or other text without JSON"),
                    api = if self.api == Api::Hris { name.to_owned() } else { format!("the {name} API") },
                ),
            ),
            _ => (
                self.api.unavailable(),
                format!(
                    "{what} answered in place of {name} (HTTP {status}), so a proxy, firewall or gateway stands before \
                     {place}: let the operator's calls pass there. Nobody's data is at fault, and it goes on by itself \
                     when that is gone{otherwise}",
                    what = self.told("a web page"),
                    otherwise = self.if_nothing_stands_there(),
                ),
            ),
        };
        CallError {
            arrival: fault::arrival(self.nature, status),
            status: None,
            failure: Failure { retry_after: self.retry_after(), ..Failure::new(reason, message) },
            web_page: Some(status),
        }
    }

    /// The body of a vendor's own refusal is not documented for `YubiEnterprise`: it may be a page as well.
    const fn if_nothing_stands_there(&self) -> &'static str {
        match self.status {
            401 | 403 => {
                ". If nothing stands there, the vendor itself refuses: look at the connection's credentials"
            }
            400 | 422 => ". If nothing stands there, the vendor itself refuses: look at what was asked for",
            _ => "",
        }
    }

    fn told(&self, text: &'static str) -> &'static str {
        match self.status {
            300..=399 => "a redirect",
            _ if self.body.is_empty() => "an empty web page",
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests;
