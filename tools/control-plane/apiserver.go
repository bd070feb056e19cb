package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

type apiServer struct{ options *options.ServerRunOptions }

// newAPIServer prepares the API server. It uses the option structs and not the
// cobra command, which would handle signals itself and panics when another
// component in the process does so too. The settings pass through the flags all
// the same: flags are what Kubernetes documents and keeps stable.
func newAPIServer(state *state, listener net.Listener) (*apiServer, error) {
	policy, err := writeAuditPolicy(state)
	if err != nil {
		return nil, err
	}
	options := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	sets := options.Flags()
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	err = flags.Parse(append(auditFlags(state, policy),
		"--etcd-servers="+etcdEndpoint,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", listener.Addr().(*net.TCPAddr).Port),
		"--tls-cert-file="+state.path(serverCert),
		"--tls-private-key-file="+state.path(serverKey),
		"--client-ca-file="+state.path(caCert),
		"--anonymous-auth=false",
		"--kubelet-certificate-authority="+state.path(caCert),
		"--kubelet-client-certificate="+state.path(kubeletClientCert),
		"--kubelet-client-key="+state.path(kubeletClientKey),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+state.path(tokenKey),
		"--service-account-signing-key-file="+state.path(tokenKey),
		"--service-cluster-ip-range=10.0.0.0/24",
		// Nothing reaches the API server through the Service "kubernetes".
		"--endpoint-reconciler-type=none",
		"--profiling=false",
		// Without it, open watches hold up the ending, for up to a minute.
		"--shutdown-watch-termination-grace-period=1s",
	))
	if err != nil {
		return nil, fmt.Errorf("flags of kube-apiserver (did they change with its version?): %w", err)
	}
	options.SecureServing.Listener = listener
	// The feature gates and versions that the flags chose, for the process.
	if err := options.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	return &apiServer{options}, nil
}

// run serves until the context ends and all requests are answered.
func (a *apiServer) run(ctx context.Context) error {
	completed, err := a.options.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	return app.Run(ctx, completed)
}
