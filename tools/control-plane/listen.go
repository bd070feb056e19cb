package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"

	"k8s.io/client-go/tools/clientcmd"
)

// listen opens the port of the API server, on loopback only. It is opened
// before anything else starts, so that its number is known for certain.
func listen(state *state, port int) (net.Listener, error) {
	if port == 0 {
		if last := lastPort(state); last != "" {
			if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", last)); err == nil {
				return l, nil
			}
		}
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use: stop what uses it, or give another --port: %w", port, err)
	}
	return l, err
}

// lastPort is the port that this directory's kubeconfig names, if any: clients
// that hold a copy of it find the API server again after a restart.
func lastPort(state *state) string {
	config, err := clientcmd.LoadFromFile(state.adminKubeconfig)
	if err != nil || config.Clusters[clusterName] == nil {
		return ""
	}
	server, err := url.Parse(config.Clusters[clusterName].Server)
	if err != nil {
		return ""
	}
	return server.Port()
}
