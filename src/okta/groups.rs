//! Groups of a user, for a connection's `policy.userGroups`.

use serde::Deserialize;

use super::{Client, client::Request, client::done, enrollments::next_link, quota::Bucket};
use crate::{
    domain::{
        failure::{CallError, Reason},
        ids::UserId,
    },
    http::not_sent,
};

/// A person with more pages of groups than this is none.
const PAGES: usize = 20;

#[derive(Deserialize)]
struct GroupBody {
    id: String,
}

impl Client {
    /// Ids of the groups that the user is in.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page: a group that is not seen could be a denied one.
    pub async fn groups_of(&self, user: &UserId) -> Result<Vec<String>, CallError> {
        let mut url = self.url(&["api", "v1", "users", user.as_str(), "groups"])?;
        let mut ids = Vec::new();
        for _ in 0..PAGES {
            let request = Request::get("user-groups", Bucket::Users, url);
            let (page, next) = self
                .call(request, |answer| {
                    done(answer)?;
                    let page: Vec<GroupBody> = answer.json()?;
                    let next = next_link(answer).map_err(|what| answer.unreadable(what))?;
                    Ok((page, next))
                })
                .await?;
            ids.extend(page.into_iter().map(|group| group.id));
            match next {
                Some(next) if self.is_ours(&next) => url = next,
                Some(_) => return Err(not_sent(Reason::UnreadableAnswer, "Okta's list of groups goes on at another host; please report this")),
                None => return Ok(ids),
            }
        }
        Err(not_sent(Reason::UnreadableAnswer, "Okta's list of groups does not end; please report this"))
    }
}
