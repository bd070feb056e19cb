package main

// Takes the place of the file of this name two folders up, which says what each function is for.

import (
	"context"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/wal"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/config"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
)

// Before etcd 3.7 the address of a socket must look like host and port.
const (
	etcdClient = "client.sock:0"
	etcdPeer   = "peer.sock:0"
)

func setSegmentSize(bytes int64) { wal.SegmentSizeBytes = bytes }

func setSlowRequest(config *embed.Config, from time.Duration) {
	config.ExperimentalWarningApplyDuration = from
}

func controllerManagerConfig(_ context.Context, options *options.KubeControllerManagerOptions) (*config.Config, error) {
	return options.Config(app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases())
}

// This version reads no .kuberc, and its own kubectl does nothing of this.
func readVerbosity() {}

func secretPayload(items []corev1.KeyToPath, object *corev1.Secret, mode *int32, optional bool) (files, error) {
	return secret.MakePayload(items, object, mode, optional)
}

func configMapPayload(items []corev1.KeyToPath, object *corev1.ConfigMap, mode *int32, optional bool) (files, error) {
	return configmap.MakePayload(items, object, mode, optional)
}
