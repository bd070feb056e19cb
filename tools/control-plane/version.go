package main

import (
	"context"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/config"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
)

// What differs between versions of Kubernetes and etcd is here, and nothing else
// is. versions/MINOR/version.go takes the place of this file where the control
// plane is built of an older version; version.sh tells go so.

// The names of etcd's sockets.
const (
	etcdClient = "client.sock"
	etcdPeer   = "peer.sock"
)

// setSegmentSize sets how much each segment of the write-ahead log allocates.
func setSegmentSize(bytes int64) { wal.SegmentSizeBytes = bytes }

// setSlowRequest sets from which time on etcd warns of a request.
func setSlowRequest(config *embed.Config, from time.Duration) {
	config.WarningUnaryRequestDuration = from
}

// controllerManagerConfig is what the options come to. Its end shall not last
// longer than a caller waits, where that can be said.
func controllerManagerConfig(ctx context.Context, options *options.KubeControllerManagerOptions) (*config.Config, error) {
	options.ControllerShutdownTimeout = 5 * time.Second
	return options.Config(ctx, app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases())
}

// readVerbosity makes -v count before the command is built: building it reads
// .kuberc and looks for plugins, which log.
func readVerbosity() {
	// Upstream ignores the error as well.
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args))
}

// secretPayload and configMapPayload are the files of a volume, as the kubelet
// writes them.
func secretPayload(items []corev1.KeyToPath, object *corev1.Secret, mode *int32, optional bool) (files, error) {
	return secret.MakePayload(items, object, mode, nil, optional)
}

func configMapPayload(items []corev1.KeyToPath, object *corev1.ConfigMap, mode *int32, optional bool) (files, error) {
	return configmap.MakePayload(items, object, mode, nil, optional)
}
