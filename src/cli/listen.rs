//! The address that is served. `[::]` means every address of the pod, of either family: IPv6-only clusters have no other.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that the system keeps until they are taken, as the standard library asks for.
const BACKLOG: i32 = 1024;

/// Takes the address; fails at once if somebody has it. `[::]` takes IPv4 as well, and IPv4 alone where the node has no
/// IPv6.
///
/// # Errors
/// If the address cannot be taken.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match bind(address) {
        Err(error) if is_without_ipv6(address, &error) => {
            bind((Ipv4Addr::UNSPECIFIED, address.port()).into()).map_err(|_| error)
        }
        bound => bound,
    }
    .and_then(TcpListener::from_std)
}

/// A port that somebody has, or that needs a right, is no matter of the family.
fn is_without_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let other = matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied);
    address.is_ipv6() && address.ip().is_unspecified() && !other
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if is_every_address(address.ip()) {
        // Some nodes say otherwise by default (net.ipv6.bindv6only).
        socket.set_only_v6(false)?;
    }
    // A port that the process before has just let go of is free.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn is_every_address(ip: IpAddr) -> bool {
    ip.is_ipv6() && ip.is_unspecified()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    async fn answers(port: u16, ip: IpAddr) -> bool {
        tokio::net::TcpStream::connect((ip, port)).await.is_ok()
    }

    #[tokio::test]
    async fn every_address_means_both_families() {
        let listener = listen("[::]:0".parse().unwrap()).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(answers(port, Ipv4Addr::LOCALHOST.into()).await);
        // Where this machine has IPv6 at all.
        if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            assert!(answers(port, Ipv6Addr::LOCALHOST.into()).await);
        }
    }

    #[tokio::test]
    async fn one_address_means_that_address() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
        assert!(!answers(address.port(), Ipv6Addr::LOCALHOST.into()).await);
        assert_eq!(listen(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn ipv4_stands_in_only_where_the_family_is_missing() {
        let every: SocketAddr = "[::]:8080".parse().unwrap();
        // As a kernel without IPv6 answers: EAFNOSUPPORT and EADDRNOTAVAIL.
        for kind in [io::ErrorKind::Unsupported, io::ErrorKind::AddrNotAvailable, io::ErrorKind::Other] {
            assert!(is_without_ipv6(every, &kind.into()), "{kind:?}");
            assert!(!is_without_ipv6("[::1]:8080".parse().unwrap(), &kind.into()), "{kind:?}");
            assert!(!is_without_ipv6("0.0.0.0:8080".parse().unwrap(), &kind.into()), "{kind:?}");
        }
        for kind in [io::ErrorKind::AddrInUse, io::ErrorKind::PermissionDenied] {
            assert!(!is_without_ipv6(every, &kind.into()), "{kind:?}");
        }
    }
}
