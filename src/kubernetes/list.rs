//! Lists asked of the API server itself, page by page: a page is held, never the whole.

use kube::{Api, api::ListParams};
use serde::de::DeserializeOwned;

use super::decode::{Decoded, Watched};

/// Hands over each object under the selector.
///
/// # Errors
/// Whatever the API server answers to one of the pages; what was handed over until then is not the whole.
pub async fn each<K>(
    api: &Api<Decoded<K>>,
    selector: &ListParams,
    mut visit: impl FnMut(Decoded<K>),
) -> Result<(), kube::Error>
where
    K: Watched + Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = selector.clone().limit(K::PAGE);
    loop {
        let page = api.list(&params).await?;
        page.items.into_iter().for_each(&mut visit);
        match page.metadata.continue_ {
            Some(token) if !token.is_empty() => params = params.continue_token(&token),
            _ => return Ok(()),
        }
    }
}
