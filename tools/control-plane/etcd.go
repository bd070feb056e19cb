package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	etcdDir = "etcd"
	// etcdEndpoint is relative: see enterEtcdDir.
	etcdEndpoint = "unix://" + etcdClient
)

type etcd struct{ server *embed.Etcd }

// startEtcd starts a cluster of one and waits until it answers. Clients and
// peers alike reach it through unix sockets in a directory that only its owner
// can enter: nobody else on the machine reads Secrets from it.
func startEtcd(ctx context.Context, state *state, fsync bool) (*etcd, error) {
	if err := enterEtcdDir(state); err != nil {
		return nil, err
	}
	logger, err := etcdLogger(state.log)
	if err != nil {
		return nil, err
	}
	// Each segment is allocated in full beforehand. Many small directories
	// are the rule here, so 64 MB each would be a waste.
	setSegmentSize(8 << 20)

	config := embed.NewConfig()
	config.Name = "local"
	config.Dir = "data"
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Host: etcdClient}}
	config.AdvertiseClientUrls = config.ListenClientUrls
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: etcdPeer}}
	config.AdvertisePeerUrls = config.ListenPeerUrls
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = !fsync
	// A member without peers waits in vain for their heartbeats at its start.
	config.TickMs, config.ElectionMs = 20, 200
	setSlowRequest(config, time.Second)
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(logger)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("starting etcd: %w", err)
	}
	select {
	case <-server.Server.ReadyNotify():
		return &etcd{server}, nil
	case err = <-server.Err():
	case <-ctx.Done():
		err = ctx.Err()
	}
	server.Close()
	return nil, fmt.Errorf("waiting until etcd is ready: %w", err)
}

// run keeps etcd running until the context ends.
func (e *etcd) run(ctx context.Context) error {
	defer e.server.Close()
	select {
	case err := <-e.server.Err():
		return err
	case <-ctx.Done():
		return nil
	}
}

// enterEtcdDir makes etcd's directory the working directory, because the path
// of a unix socket must be shorter than about 100 bytes and state directories
// of tests are often longer. Everything else in this program uses full paths.
func enterEtcdDir(state *state) error {
	dir := state.path(etcdDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// The directory may have come from a backup that changed its mode.
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	return os.Chdir(dir)
}

// etcdLogger appends etcd's warnings to the common log.
func etcdLogger(path string) (*zap.Logger, error) {
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(zapcore.WarnLevel)
	config.OutputPaths = []string{path}
	config.ErrorOutputPaths = config.OutputPaths
	logger, err := config.Build()
	if err != nil {
		return nil, fmt.Errorf("opening etcd's log: %w", err)
	}
	return logger.Named("etcd"), nil
}
