package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verdict is what is said of one object.
type verdict struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// As Helm 4 and Flux wait for it.
	Kstatus word `json:"kstatus"`
	// As Argo CD shows it; nil where there is no script for the kind.
	Argo *word `json:"argo"`
}

// word is a status and what is said about it.
type word struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// judge computes both; scripts is a folder as Argo CD's resource_customizations.
func judge(object *unstructured.Unstructured, scripts string) (verdict, error) {
	said := verdict{Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName()}
	computed, err := status.Compute(object)
	if err != nil {
		return said, fmt.Errorf("kstatus of %s %s: %w", said.Kind, said.Name, err)
	}
	said.Kstatus = word{Status: computed.Status.String(), Message: computed.Message}
	script, err := os.ReadFile(scriptOf(scripts, object))
	if errors.Is(err, fs.ErrNotExist) {
		return said, nil
	}
	if err != nil {
		return said, err
	}
	health, err := healthEitherWay(object, string(script))
	if err != nil {
		return said, fmt.Errorf("health of %s %s: %w", said.Kind, said.Name, err)
	}
	said.Argo = &health
	return said, nil
}

func scriptOf(scripts string, object *unstructured.Unstructured) string {
	return filepath.Join(scripts, object.GroupVersionKind().Group, object.GetKind(), "health.lua")
}

// healthEitherWay runs a script as a customization in argocd-cm, where most libraries are closed, and as one of those
// that Argo CD brings along, where they are open. Both must say the same.
func healthEitherWay(object *unstructured.Unstructured, script string) (word, error) {
	closed, err := health(object, script, false)
	if err != nil {
		return closed, err
	}
	open, err := health(object, script, true)
	if err == nil && open != closed {
		err = fmt.Errorf("in argocd-cm it says %v, bundled %v", closed, open)
	}
	return open, err
}
