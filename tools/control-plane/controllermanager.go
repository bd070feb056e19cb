package main

import (
	"context"

	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	"k8s.io/kubernetes/cmd/kube-controller-manager/names"
)

// controllers are those that the behaviour of a cluster, as seen by an operator
// and its chart, depends on. node-lifecycle-controller must stay out: it would
// find the fake node dead.
var controllers = []string{
	names.ServiceAccountTokenController,
	names.ServiceAccountController,
	names.RootCACertificatePublisherController,
	names.ClusterRoleAggregationController,
	names.NamespaceController,
	names.GarbageCollectorController,
	names.DeploymentController,
	names.ReplicaSetController,
	names.JobController,
	names.EndpointSliceController,
	names.DisruptionController,
	names.ValidatingAdmissionPolicyStatusController,
}

// runControllerManager runs the controllers until the context ends. Its options
// are set as fields: a second set of flags in one process would clash with the
// API server's in the shared registry of feature gates.
func runControllerManager(ctx context.Context, state *state) error {
	options, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return err
	}
	options.Generic.Controllers = controllers
	options.Generic.LeaderElection.LeaderElect = false
	options.Generic.ClientConnection.Kubeconfig = state.path(kcmKubeconfig)
	options.Generic.ClientConnection.QPS = 200
	options.Generic.ClientConnection.Burst = 400
	options.SecureServing.BindPort = 0 // It listens nowhere.
	options.SAController.ServiceAccountKeyFile = state.path(tokenKey)
	options.SAController.RootCAFile = state.path(caCert)
	// As in real clusters: each controller has its own account and rights.
	options.KubeCloudShared.UseServiceAccountCredentials = true

	config, err := controllerManagerConfig(ctx, options)
	if err != nil {
		return err
	}
	return app.Run(ctx, config.Complete())
}
