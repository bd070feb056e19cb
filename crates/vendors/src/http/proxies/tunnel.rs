//! What stood between us and the other end of a proxy's tunnel. The HTTP library tells a status of 407 and otherwise
//! only that there was no 200, so the proxy is asked for its status once more: by `CONNECT` alone, nothing of a call.

use std::{error::Error, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Server;

/// Longest time to ask for the status.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest status line that is read, in bytes.
const LONGEST: usize = 1024;

/// Why there is no tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// 407: the proxy wants a login, or another one.
    Login,
    /// Another status than 200, or no HTTP.
    Refused,
    /// It closed the connection or answered at length.
    Silent,
    /// The proxy itself is not reached.
    Unreached,
}

/// What an error of the HTTP library says of a tunnel; `None` if it says nothing of one. Its type is not public, so
/// its words count; a test holds them.
pub(crate) fn obstacle<'a>(mut chain: impl Iterator<Item = &'a (dyn Error + 'static)>) -> Option<Obstacle> {
    chain.find_map(|error| match error.to_string().strip_prefix("tunnel error: ")? {
        "proxy authorization required" => Some(Obstacle::Login),
        "unsuccessful" => Some(Obstacle::Refused),
        "failed to create underlying connection" => Some(Obstacle::Unreached),
        _ => Some(Obstacle::Silent),
    })
}

/// The status of the proxy's answer to `CONNECT`; `None` if there is none that can be read, or if it is reached by TLS.
pub(super) async fn status(server: &Server, host: &str, port: u16) -> Option<u16> {
    if server.tls {
        return None;
    }
    tokio::time::timeout(PATIENCE, ask(server, host, port)).await.ok().flatten()
}

async fn ask(server: &Server, host: &str, port: u16) -> Option<u16> {
    let place = server.host.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((place, server.port)).await.ok()?;
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(login) = server.login() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(login.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.ok()?;
    let mut answer = Vec::new();
    while answer.len() < LONGEST && !answer.contains(&b'\n') {
        let mut chunk = [0; 256];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        answer.extend_from_slice(chunk.get(..read)?);
    }
    status_of(&answer)
}

/// Of a status line that is no success.
fn status_of(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer.split(|byte| *byte == b'\n').next()?).ok()?;
    let mut words = line.trim_end().split(' ');
    let version = words.next()?;
    let status = words.next()?.parse().ok()?;
    (version.starts_with("HTTP/1.") && (300..600).contains(&status)).then_some(status)
}
