//! The page on a socket.

use std::io;

use tokio::net::TcpListener;

use crate::{routes::router, settings::Settings};

/// Serves the page until `end` is over. Open streams of changes end with it.
///
/// # Errors
/// If the socket fails.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (over, ends) = tokio::sync::watch::channel(false);
    let app = router(settings, ends);
    let end = async move {
        end.await;
        // Nobody listens any more where nobody looks.
        let _ = over.send(true);
    };
    axum::serve(listener, app).with_graceful_shutdown(end).await
}
