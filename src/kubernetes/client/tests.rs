use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{Patch, PatchParams, WatchParams},
};
use prometheus_client::encoding::text::encode;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const OBJECT: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"7"}}"#;

/// A server whose connections can be muted: they take what comes and answer nothing any more, and nobody is told.
struct Muting {
    api_server: ApiServer,
    silences: Arc<Silences>,
    readiness: Readiness,
    made: Arc<AtomicUsize>,
    muted: Arc<AtomicUsize>,
}

impl Muting {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (made, muted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, mute) = (Arc::clone(&made), Arc::clone(&muted));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, count.fetch_add(1, Ordering::SeqCst), Arc::clone(&mute)));
            }
        });
        let (silences, readiness) = (Arc::new(Silences::default()), Readiness::default());
        let config = Config::new(url.parse().unwrap());
        let api_server = ApiServer::new(config, Arc::clone(&silences), readiness.clone()).unwrap();
        Self { api_server, silences, readiness, made, muted }
    }

    fn connections(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    /// Mutes all connections that are there.
    fn mute(&self) {
        self.muted.store(self.connections(), Ordering::SeqCst);
    }

    fn counts(&self, call: &str) -> usize {
        let text = counted(&self.silences);
        let name = format!("api_server_timeouts_total{{call=\"{call}\"}} ");
        text.split_once(&name).and_then(|(_, rest)| rest.lines().next()).unwrap().parse().unwrap()
    }
}

async fn talk(mut stream: TcpStream, number: usize, muted: Arc<AtomicUsize>) {
    while let Some(head) = request(&mut stream).await {
        if number < muted.load(Ordering::SeqCst) {
            continue;
        }
        let head_of =
            |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}\r\n\r\n");
        let text = if head.contains("watch=true") {
            let event = format!("{{\"type\":\"ADDED\",\"object\":{OBJECT}}}\n");
            head_of("transfer-encoding: chunked") + &format!("{:x}\r\n{event}\r\n", event.len())
        } else {
            head_of(&format!("content-length: {}", OBJECT.len())) + OBJECT
        };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One request, its body included.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(stream.read_u8().await.ok()?);
        if !bytes.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&bytes).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        return Some(head);
    }
}

fn maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, "n")
}

fn counted(silences: &Silences) -> String {
    let mut registry = prometheus_client::registry::Registry::default();
    silences.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text
}

fn touch() -> Patch<serde_json::Value> {
    Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}}))
}

/// Nothing comes, so that the paused clock runs on to the limit at once.
async fn in_no_time<T>(waiting: impl Future<Output = T>) -> T {
    tokio::time::pause();
    let came = waiting.await;
    tokio::time::resume();
    came
}

#[tokio::test]
async fn a_write_into_a_connection_that_went_silent_ends_and_the_next_takes_another() {
    let server = Muting::start().await;
    let api = maps(server.api_server.client());
    api.get("a").await.unwrap();
    let readiness = || server.readiness.verbose();
    assert!(readiness().contains("[+]API server"), "{}", readiness());
    server.mute();
    let started = tokio::time::Instant::now();
    let error = in_no_time(api.patch("a", &PatchParams::default(), &touch())).await.unwrap_err();
    assert!(error.to_string().contains("did not answer within 10 s"), "{error}");
    assert!(started.elapsed() >= CALL, "it waited as long as it may");
    assert_eq!(server.counts("write"), 1);
    assert!(readiness().contains("[-]API server: a write got no answer"), "{}", readiness());
    assert!(server.readiness.is_ready());
    api.patch("a", &PatchParams::default(), &touch()).await.unwrap();
    assert_eq!(server.connections(), 2, "another connection");
    assert!(readiness().contains("[+]API server"), "{}", readiness());
}

/// Many are kept: each would cost a limit of its own.
#[tokio::test]
async fn one_silence_is_enough_to_leave_all_connections_that_were_kept() {
    let server = Muting::start().await;
    let api = maps(server.api_server.client());
    let many = futures::future::join_all((0..20).map(|_| api.get("a"))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    server.mute();
    in_no_time(api.get("a")).await.unwrap_err();
    for _ in 0..20 {
        api.get("a").await.unwrap();
    }
    assert_eq!(server.counts("read"), 1);
}

/// All at once would make a slow server slower.
#[tokio::test]
async fn no_more_than_a_few_calls_are_under_way_at_once_and_all_get_their_turn() {
    let server = Muting::start().await;
    let api = maps(server.api_server.client());
    let many = futures::future::join_all((0..200).map(|_| api.get("a"))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    assert!(server.connections() <= AT_ONCE, "{}", server.connections());
}

#[tokio::test]
async fn a_write_that_gets_no_turn_is_not_sent_and_the_lease_waits_for_none() {
    let server = Muting::start().await;
    let api = maps(server.api_server.client());
    server.muted.store(usize::MAX, Ordering::SeqCst);
    let silent = futures::future::join_all((0..AT_ONCE).map(|_| api.get("a")));
    let params = PatchParams::default();
    let change = touch();
    let late = async {
        let error = api.patch("a", &params, &change).await.unwrap_err();
        let lease = maps(server.api_server.client_within(Duration::from_secs(3)));
        (error, lease.get("a").await.unwrap_err())
    };
    let (_, (error, lease)) = in_no_time(futures::future::join(silent, late)).await;
    assert!(error.to_string().contains("was not sent"), "{error}");
    assert!(lease.to_string().contains("did not answer within 3 s"), "{lease}");
    assert_eq!(server.counts("write"), 0, "the server was not silent about it: it was not asked");
    let unsent = crate::kubernetes::status_patch::classify(error);
    assert!(matches!(unsent, crate::kubernetes::status_patch::CommitError::Failed(_)), "{unsent}");
}

#[tokio::test]
async fn a_call_of_the_lease_ends_sooner() {
    let server = Muting::start().await;
    let api = maps(server.api_server.client_within(Duration::from_millis(1500)));
    api.get("a").await.unwrap();
    server.mute();
    let started = tokio::time::Instant::now();
    let error = in_no_time(api.get("a")).await.unwrap_err();
    assert!(error.to_string().contains("did not answer within 1.5 s"), "{error}");
    assert!(started.elapsed() < CALL);
}

#[tokio::test]
async fn a_watch_that_goes_silent_is_given_up_after_the_end_it_should_have_had() {
    let server = Muting::start().await;
    let params = WatchParams::default().timeout(WATCH);
    let mut events = Box::pin(maps(server.api_server.client()).watch(&params, "0").await.unwrap());
    events.next().await.unwrap().unwrap();
    let started = tokio::time::Instant::now();
    let end = in_no_time(events.next()).await;
    assert!(end.is_none(), "as an ordinary end, so that the watcher goes on from there: {end:?}");
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(WATCH.into()) && waited < Duration::from_mins(1), "{waited:?}");
    assert_eq!(server.counts("watch"), 1);
    let readiness = server.readiness.verbose();
    assert!(readiness.contains("[-]API server: a watch got no answer"), "{readiness}");
}

#[test]
fn silences_are_shown_before_the_first_one() {
    let text = counted(&Silences::default());
    for call in ["read", "write", "watch"] {
        assert!(text.contains(&format!(r#"api_server_timeouts_total{{call="{call}"}} 0"#)), "{text}");
    }
}

#[test]
fn a_watch_is_told_from_a_list_by_its_query() {
    let length = |uri: &str| watching::is_watch(&uri.parse().unwrap());
    assert_eq!(length("/apis/x/v1/ys?limit=100&resourceVersion=0"), None);
    assert_eq!(length("/apis/x/v1/ys/watch"), None);
    assert_eq!(
        length("/apis/x/v1/ys?&watch=true&timeoutSeconds=12&resourceVersion=4"),
        Some(Duration::from_secs(12))
    );
    assert_eq!(length("/apis/x/v1/ys?timeoutSeconds=12&watch=1"), Some(Duration::from_secs(12)));
    assert_eq!(length("/apis/x/v1/ys?watch=true"), Some(Duration::from_secs(WATCH.into())));
}
