package main

import (
	"errors"
	"fmt"

	argo "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	sealed "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	external "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	helm "github.com/fluxcd/helm-controller/api/v2"
	kustomize "github.com/fluxcd/kustomize-controller/api/v1"
	source "github.com/fluxcd/source-controller/api/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/json"
)

// types are the kinds that can be judged: those that our chart and examples use and that an API server without their
// projects knows nothing of.
var types = map[string]func() any{
	"argoproj.io/v1alpha1 AppProject":              fresh[argo.AppProject],
	"argoproj.io/v1alpha1 Application":             fresh[argo.Application],
	"argoproj.io/v1alpha1 ApplicationSet":          fresh[argo.ApplicationSet],
	"bitnami.com/v1alpha1 SealedSecret":            fresh[sealed.SealedSecret],
	"external-secrets.io/v1 ClusterSecretStore":    fresh[external.ClusterSecretStore],
	"external-secrets.io/v1 ExternalSecret":        fresh[external.ExternalSecret],
	"external-secrets.io/v1 SecretStore":           fresh[external.SecretStore],
	"helm.toolkit.fluxcd.io/v2 HelmRelease":        fresh[helm.HelmRelease],
	"kustomize.toolkit.fluxcd.io/v1 Kustomization": fresh[kustomize.Kustomization],
	"monitoring.coreos.com/v1 PodMonitor":          fresh[monitoring.PodMonitor],
	"monitoring.coreos.com/v1 PrometheusRule":      fresh[monitoring.PrometheusRule],
	"monitoring.coreos.com/v1 ServiceMonitor":      fresh[monitoring.ServiceMonitor],
	"source.toolkit.fluxcd.io/v1 GitRepository":    fresh[source.GitRepository],
	"source.toolkit.fluxcd.io/v1 HelmChart":        fresh[source.HelmChart],
	"source.toolkit.fluxcd.io/v1 HelmRepository":   fresh[source.HelmRepository],
	"source.toolkit.fluxcd.io/v1 OCIRepository":    fresh[source.OCIRepository],
}

func fresh[T any]() any { return new(T) }

// errUnknown says that no published type is known for a kind.
var errUnknown = errors.New("no published type is known here")

// fits decodes a document into its published type; unknown, twice written and wrongly typed fields are faults.
func (d document) fits() (string, error) {
	kind := d.head.APIVersion + " " + d.head.Kind
	make, known := types[kind]
	if !known {
		return "", fmt.Errorf("%w for %s", errUnknown, kind)
	}
	faults, err := json.UnmarshalStrict(d.json, make())
	if err := errors.Join(append(faults, err)...); err != nil {
		return "", err
	}
	return "ok " + d.title(), nil
}
