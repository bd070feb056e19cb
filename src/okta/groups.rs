//! Groups of a user, for a connection's `policy.userGroups`.

use super::{Client, client::Request, quota::Bucket, wire::GroupBody};
use crate::{
    domain::{
        failure::{CallError, Reason},
        ids::UserId,
    },
    http::Answer,
};

impl Client {
    /// Ids of the groups that the user is in.
    ///
    /// # Errors
    /// Whatever but a readable 2xx for every page: a group that is not seen could be a denied one.
    /// `UserNotFound` for 404.
    pub async fn groups_of(&self, user: &UserId) -> Result<Vec<String>, CallError> {
        let url = self.url(&["api", "v1", "users", user.as_str(), "groups"])?;
        let request = |url| Request {
            refused: Reason::UserNotFound,
            ..Request::get("user-groups", Bucket::Users, url)
        };
        let pages = self.pages(url, request, read_page);
        Ok(pages.await?.into_iter().flatten().collect())
    }
}

pub(super) fn read_page(answer: &Answer) -> Result<Vec<String>, CallError> {
    let groups: Vec<GroupBody> = answer.json()?;
    Ok(groups.into_iter().map(|group| group.id).collect())
}
