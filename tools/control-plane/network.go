package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// network gives pods their addresses. On Linux all of 127/8 is loopback, so
// each pod that really runs has an address of its own, and no port needs to be
// changed: the pod whose IP is 10.7.0.3 listens on 127.7.0.3. (The API server
// would refuse a loopback address as an endpoint of a Service.)
type network struct {
	second int
	last   atomic.Uint32
	// lock keeps other control planes of this machine away from our addresses.
	// It is an abstract socket, which goes with the process.
	lock *net.UnixConn
}

// openNetwork takes a part of 127/8 that no other control plane has.
func openNetwork() (*network, error) {
	const first, count = 2, 250
	start := rand.IntN(count)
	var err error
	for i := range count {
		second := first + (start+i)%count
		var lock *net.UnixConn
		name := fmt.Sprintf("@control-plane-pods-127.%d", second)
		if lock, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"}); err == nil {
			return &network{second: second, lock: lock}, nil
		}
	}
	return nil, fmt.Errorf("no part of 127.0.0.0/8 is free for pods: %w", err)
}

// close lets others have the addresses.
func (n *network) close() { _ = n.lock.Close() }

// podIP is the next pod's address as the API shows it.
func (n *network) podIP() string {
	i := n.last.Add(1) - 1
	return fmt.Sprintf("10.%d.%d.%d", n.second, i/254%256, i%254+1)
}

// loopback is where a pod with this address listens.
func loopback(podIP string) string {
	ip := net.ParseIP(podIP).To4()
	if ip == nil {
		return podIP
	}
	return net.IPv4(127, ip[1], ip[2], ip[3]).String()
}
