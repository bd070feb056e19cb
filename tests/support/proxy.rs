//! The network between two programs, as a thing that can be cut: bytes pass, or nothing does. Single connections can be
//! muted: they stay open, and what is sent into them is lost.
//!
//! It runs in threads of its own, because tests stop processes with calls that hold up their runtime.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What is cut off.
#[derive(Debug, Default)]
struct Outage {
    all: bool,
    ports: HashSet<u16>,
    /// Counts cuts of everything, and of each port: what was under way at one is lost for good, as where a router lost
    /// its tables.
    cuts: u64,
    cuts_of: HashMap<u16, u64>,
}

impl Outage {
    fn hits(&self, port: u16) -> bool {
        self.all || self.ports.contains(&port)
    }

    /// Cuts that hit this port.
    fn cuts(&self, port: u16) -> u64 {
        self.cuts + self.cuts_of.get(&port).copied().unwrap_or(0)
    }
}

#[derive(Debug, Default)]
struct Wire {
    outage: Mutex<Outage>,
    changed: Condvar,
    /// Connections are numbered from 0; those below this are muted.
    muted: AtomicUsize,
    connections: AtomicUsize,
    /// Ports that were asked for, in their order.
    asked: Mutex<Vec<u16>>,
}

impl Wire {
    /// Waits until the wire is whole; false: there was a cut since then, so that this connection is dead.
    fn carries(&self, port: u16, cuts: u64) -> bool {
        let mut outage = self.outage.lock().unwrap();
        while outage.hits(port) {
            outage = self.changed.wait(outage).unwrap();
        }
        outage.cuts(port) == cuts
    }

    fn cuts(&self, port: u16) -> u64 {
        self.outage.lock().unwrap().cuts(port)
    }

    fn change(&self, change: impl FnOnce(&mut Outage)) {
        change(&mut self.outage.lock().unwrap());
        self.changed.notify_all();
    }
}

/// A wire that can be cut.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    wire: Arc<Wire>,
}

impl Proxy {
    /// Leads to one address.
    pub fn to(target: SocketAddr) -> Self {
        Self::open(move |client| Some((TcpStream::connect(target).ok()?, client.try_clone().ok()?)))
    }

    /// Leads wherever an HTTP client asks to by `CONNECT`, so that hosts, ports and certificates stay the servers'
    /// own. For `HTTPS_PROXY`.
    pub fn tunnel() -> Self {
        Self::open(tunnel)
    }

    /// Refuses whatever an HTTP client asks for with this status. For `HTTPS_PROXY`.
    pub fn refusing(status: u16) -> Self {
        Self::open(move |client| {
            asked(client)?;
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Type: text/html\r\n\r\n<html>");
            client.try_clone().ok()?.write_all(answer.as_bytes()).ok()?;
            None
        })
    }

    fn open(
        dial: impl Fn(&TcpStream) -> Option<(TcpStream, TcpStream)> + Send + Sync + Copy + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), wire: Arc::default() };
        let wire = Arc::clone(&proxy.wire);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let wire = Arc::clone(&wire);
                thread::spawn(move || carry(&wire, &client, dial));
            }
        });
        proxy
    }

    /// The connections that are there carry nothing any more; nobody is told, and new ones pass.
    pub fn mute(&self) {
        self.wire.muted.store(self.wire.connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Nothing passes any more, in either direction; nobody is told.
    pub fn cut(&self) {
        self.wire.change(|outage| {
            outage.all = true;
            outage.cuts += 1;
        });
    }

    /// Nothing passes to or from that port.
    pub fn cut_port(&self, port: u16) {
        self.wire.change(|outage| {
            outage.ports.insert(port);
            *outage.cuts_of.entry(port).or_default() += 1;
        });
    }

    /// New connections pass again; those that a cut hit are gone.
    pub fn mend(&self) {
        self.wire.change(|outage| {
            outage.all = false;
            outage.ports.clear();
        });
    }

    /// The value of `HTTPS_PROXY` that leads through it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Did anybody connect through it?
    pub fn was_used(&self) -> bool {
        !self.wire.asked.lock().unwrap().is_empty()
    }
}

/// One connection, from its first byte to its end.
fn carry(wire: &Arc<Wire>, client: &TcpStream, dial: impl Fn(&TcpStream) -> Option<(TcpStream, TcpStream)>) {
    let cuts = wire.cuts(0);
    // Where everything is cut, not even a connection comes about.
    if !wire.carries(0, cuts) {
        let _ = client.shutdown(Shutdown::Both);
        return;
    }
    let Some((server, client)) = dial(client) else { return };
    let port = server.peer_addr().map_or(0, |address| address.port());
    let cuts = wire.cuts(port);
    let number = wire.connections.fetch_add(1, Ordering::SeqCst);
    wire.asked.lock().unwrap().push(port);
    let (up, down) = ((clone(&client), clone(&server)), (server, client));
    let back = Arc::clone(wire);
    let other = thread::spawn(move || pump(&back, number, port, cuts, down.0, down.1));
    pump(wire, number, port, cuts, up.0, up.1);
    let _ = other.join();
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().unwrap()
}

/// Bytes one way. What was read before a cut and not written yet is lost with it.
fn pump(wire: &Wire, number: usize, port: u16, cuts: u64, mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        if !wire.carries(port, cuts) {
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            return;
        }
        if read > 0 && number < wire.muted.load(Ordering::SeqCst) {
            continue;
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
    }
}

/// Reads the request of an HTTP client; what it asks for by `CONNECT`.
fn asked(client: &TcpStream) -> Option<String> {
    // One byte at a time: what follows the request is not ours to read.
    let mut request = BufReader::with_capacity(1, client);
    let mut target = None;
    loop {
        let mut line = String::new();
        request.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            target = rest.split(' ').next().map(str::to_owned);
        }
    }
    target
}

/// Reads the request of an HTTP client and dials what it asks for.
fn tunnel(client: &TcpStream) -> Option<(TcpStream, TcpStream)> {
    let server = dial(&asked(client)?)?;
    let mut client = client.try_clone().ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    Some((server, client))
}

/// A name may stand for several addresses; one of them listens.
fn dial(target: &str) -> Option<TcpStream> {
    target.to_socket_addrs().ok()?.find_map(|address| TcpStream::connect(address).ok())
}
