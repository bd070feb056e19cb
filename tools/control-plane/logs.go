package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// followEvery is the time between two looks for more of a log.
const followEvery = 200 * time.Millisecond

// logServer answers what the API server asks a kubelet for `kubectl logs`, and
// nothing else. It listens on loopback and answers only the API server, whose
// certificate it knows.
type logServer struct {
	host     *host
	listener net.Listener
	server   *http.Server
}

func newLogServer(state *state, host *host) (*logServer, error) {
	pair, err := tls.LoadX509KeyPair(state.path(serverCert), state.path(serverKey))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(state.path(caCert))
	if err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		MinVersion:   tls.VersionTLS12,
	})
	if err != nil {
		return nil, err
	}
	s := &logServer{host: host, listener: listener}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.serve)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return s, nil
}

func (s *logServer) port() int32 { return int32(s.listener.Addr().(*net.TCPAddr).Port) }

// run answers until the context ends; who follows a log then sees its end.
func (s *logServer) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.server.Close() })
	defer stop()
	err := s.server.Serve(s.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *logServer) serve(w http.ResponseWriter, r *http.Request) {
	if r.TLS.PeerCertificates[0].Subject.CommonName != kubeletClientUser {
		http.Error(w, "only the API server may ask", http.StatusForbidden)
		return
	}
	c := s.host.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if c == nil {
		http.Error(w, "no process of this machine stands for this container", http.StatusNotFound)
		return
	}
	query := r.URL.Query()
	from, to := c.logRange(query.Get("previous") == "true")
	file, err := os.Open(c.log())
	if err != nil {
		http.Error(w, fmt.Sprintf("container %q has no log yet: %v", c.spec.Name, err), http.StatusBadRequest)
		return
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.NewSectionReader(file, from, to-from))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	next := from + int64(len(content))
	if lines, err := strconv.Atoi(query.Get("tailLines")); err == nil {
		content = lastLines(content, lines)
	}
	if limit, err := strconv.Atoi(query.Get("limitBytes")); err == nil {
		content = content[:min(limit, len(content))]
	}
	if _, err := w.Write(content); err == nil && query.Get("follow") == "true" {
		c.follow(r.Context(), w, file, next)
	}
}

// follow sends what is appended, until the process or the listener has ended.
func (c *container) follow(ctx context.Context, w http.ResponseWriter, file *os.File, next int64) {
	for {
		runs := c.snapshot().State.Running != nil
		n, err := io.Copy(w, io.NewSectionReader(file, next, 1<<62-next))
		next += n
		if flush := http.NewResponseController(w).Flush(); err != nil || flush != nil || !runs || !pause(ctx, followEvery) {
			return
		}
	}
}

// logRange is the part of the log that is the newest process's, or that of the
// one before.
func (c *container) logRange(previous bool) (from, to int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if previous {
		return c.previousLog, c.newestLog
	}
	return c.newestLog, 1 << 62
}

// container finds a container of a pod that really runs.
func (h *host) container(namespace, pod, name string) *container {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, run := range h.pods {
		if p := run.pod(); p.Namespace != namespace || p.Name != pod {
			continue
		}
		for _, containers := range [][]*container{run.inits, run.mains} {
			for _, c := range containers {
				if c.spec.Name == name {
					return c
				}
			}
		}
	}
	return nil
}

func lastLines(content []byte, lines int) []byte {
	end := len(content)
	for i := bytes.LastIndexByte(content[:max(end-1, 0)], '\n'); lines > 0; i = bytes.LastIndexByte(content[:i], '\n') {
		if i < 0 {
			return content
		}
		if lines--; lines == 0 {
			return content[i+1:]
		}
	}
	return nil
}

// announceLogs tells the API server where to ask.
func announceLogs(status *corev1.NodeStatus, port int32) {
	status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}}
	status.DaemonEndpoints.KubeletEndpoint.Port = port
}
