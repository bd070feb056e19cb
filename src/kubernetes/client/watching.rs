//! Watches that end: by the server after a while, or by us when that end does not come.

use std::time::Duration;

use axum::{body::Body, http::Uri};
use futures::StreamExt;

/// The server is asked to end each watch after this many seconds; the next one goes on where it ended. So a silence that
/// lasts longer is none of a quiet cluster.
pub const WATCH: u32 = 30;

/// How much later than asked for the server may end a watch. The watcher itself would give up after five seconds, and
/// tell nobody.
const LATE: Duration = Duration::from_secs(4);

/// Is the call a watch, and how long is it to last? Without a word of it [`WATCH`] counts.
pub(super) fn is_watch(uri: &Uri) -> Option<Duration> {
    let mut words = uri.query()?.split('&').filter_map(|word| word.split_once('='));
    let watch = words.clone().any(|(name, value)| name == "watch" && ["true", "1"].contains(&value));
    let asked = words.find(|(name, _)| *name == "timeoutSeconds").and_then(|(_, value)| value.parse().ok());
    watch.then(|| Duration::from_secs(asked.unwrap_or_else(|| u64::from(WATCH))))
}

/// The answer to a watch, ended when nothing came for longer than it may last. The watcher takes that as the watch's
/// ordinary end.
pub(super) fn given_up_when_silent(
    body: Body,
    length: Duration,
    silent: impl FnOnce(Duration) + Send + 'static,
) -> Body {
    let patience = length + LATE;
    let start = Some((body.into_data_stream(), silent));
    Body::from_stream(futures::stream::unfold(start, move |state| async move {
        let (mut stream, silent) = state?;
        let Ok(next) = tokio::time::timeout(patience, stream.next()).await else {
            silent(patience);
            return None;
        };
        next.map(|next| (next, Some((stream, silent))))
    }))
}
