package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/client-go/kubernetes"
)

// plane is the running control plane: its parts in the order of their start.
type plane struct {
	server  string
	parts   []*part
	network *network
	// failed carries the first error of a part that ended by itself.
	failed chan error
}

// part is one component that runs until it is stopped.
type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// startPlane starts all parts and returns when a pod created now would run.
// The plane is never nil, so that the caller can stop what had started.
func startPlane(ctx context.Context, state *state, port int, fsync bool, images images) (*plane, error) {
	p := &plane{failed: make(chan error, 1)}
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()

	listener, err := listen(state, port)
	if err != nil {
		return p, err
	}
	p.server = "https://" + listener.Addr().String()
	users, err := writePKI(state, p.server)
	if err != nil {
		return p, errors.Join(err, listener.Close())
	}

	etcd, err := startEtcd(ctx, state, fsync)
	if err != nil {
		return p, errors.Join(err, listener.Close())
	}
	p.run("etcd", etcd.run)

	apiserver, err := newAPIServer(state, listener)
	if err != nil {
		return p, errors.Join(err, listener.Close())
	}
	p.run("kube-apiserver", apiserver.run)
	client, err := kubernetes.NewForConfig(users.kubelet)
	if err != nil {
		return p, err
	}
	if err := p.until(ctx, "the API server is ready", func(ctx context.Context) bool {
		answer, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil && string(answer) == "ok"
	}); err != nil {
		return p, err
	}

	p.run("kube-controller-manager", func(ctx context.Context) error {
		return runControllerManager(ctx, state)
	})
	network, err := openNetwork()
	if err != nil {
		return p, err
	}
	p.network = network
	host, err := newHost(client, images, network, state.path("pods"), p.server)
	if err != nil {
		return p, err
	}
	kubelet := newKubelet(client, network, host)
	if len(images) > 0 {
		logs, err := newLogServer(state, host)
		if err != nil {
			return p, err
		}
		p.run("logs of pods", logs.run)
		kubelet.logPort = logs.port()
	}
	p.run("fake kubelet", kubelet.run)
	return p, p.until(ctx, "pods can be created in the namespace default", func(ctx context.Context) bool {
		return kubelet.registered() && podsCanStart(ctx, client)
	})
}

// run starts a part. Parts must honour their context.
func (p *plane) run(name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	part := &part{name: name, cancel: cancel, done: make(chan struct{})}
	p.parts = append(p.parts, part)
	go func() {
		defer close(part.done)
		err := f(ctx)
		if ctx.Err() != nil {
			part.err = err
			return
		}
		if err == nil {
			err = errors.New("ended without being asked to")
		}
		select {
		case p.failed <- fmt.Errorf("%s: %w", name, err):
		default: // Another part failed first; that is the one to report.
		}
	}()
}

// until waits for a condition, unless a part fails or the time is up.
func (p *plane) until(ctx context.Context, what string, holds func(context.Context) bool) error {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	try := func() bool {
		// The port accepts before the API server answers on it, so that a
		// question may hang and a failed part would go unnoticed.
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return holds(ctx)
	}
	for !try() {
		select {
		case err := <-p.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// wait returns nil when the context ends, or the error of a part that failed.
func (p *plane) wait(ctx context.Context) error {
	select {
	case err := <-p.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// stop ends the parts in the reverse order of their start, each one completely
// before the part that it depends on.
func (p *plane) stop() error {
	var errs []error
	for i := len(p.parts) - 1; i >= 0; i-- {
		part := p.parts[i]
		part.cancel()
		<-part.done
		if part.err != nil && !errors.Is(part.err, context.Canceled) {
			errs = append(errs, fmt.Errorf("stopping %s: %w", part.name, part.err))
		}
	}
	if p.network != nil {
		p.network.close()
	}
	return errors.Join(errs...)
}
