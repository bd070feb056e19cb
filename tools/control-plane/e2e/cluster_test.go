package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDeploymentRunsAndIsDeleted(t *testing.T) {
	t.Parallel()
	shared.kubectl(t, "create", "namespace", "web")
	// The namespace's service account comes a moment later; the controllers
	// try again until then, as in any cluster.
	shared.kubectl(t, "-n", "web", "create", "deployment", "web", "--image=example.com/web:1", "--replicas=3")
	shared.kubectl(t, "-n", "web", "wait", "--for=condition=Available", "deployment/web", "--timeout=60s")
	nodes := shared.kubectl(t, "-n", "web", "get", "pods", "-o", "jsonpath={range .items[*]}{.status.phase} {.spec.nodeName} {end}")
	if want := strings.Repeat("Running node-1 ", 3); nodes != want {
		t.Errorf("pods are %q, want %q", nodes, want)
	}
	shared.kubectl(t, "-n", "web", "delete", "deployment", "web")
	shared.kubectl(t, "-n", "web", "wait", "--for=delete", "pod", "-l", "app=web", "--timeout=60s")
}

func TestAnonymousIsRefused(t *testing.T) {
	t.Parallel()
	ca, err := os.ReadFile(filepath.Join(shared.dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	answer, err := client.Get(shared.Server + "/api/v1/namespaces")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("anonymous access got %s, want 401", answer.Status)
	}
}

func TestRolesCount(t *testing.T) {
	t.Parallel()
	shared.kubectl(t, "create", "namespace", "roles")
	shared.kubectl(t, "-n", "roles", "create", "serviceaccount", "robot")
	token := strings.TrimSpace(shared.kubectl(t, "-n", "roles", "create", "token", "robot"))
	// Credentials of the kubeconfig would win over --token, so it is left out.
	asRobot := []string{"--kubeconfig=/dev/null", "--server=" + shared.Server, "--token=" + token,
		"--certificate-authority=" + filepath.Join(shared.dir, "ca.crt"), "-n", "roles", "get", "configmaps"}
	if output, err := shared.tryKubectl(t, "", asRobot...); err == nil || !strings.Contains(output, "Forbidden") {
		t.Fatalf("without a role: want Forbidden, got %v %s", err, output)
	}
	shared.kubectl(t, "-n", "roles", "create", "role", "reader", "--verb=get,list", "--resource=configmaps")
	shared.kubectl(t, "-n", "roles", "create", "rolebinding", "reader", "--role=reader", "--serviceaccount=roles:robot")
	deadline := newDeadline(t)
	for {
		output, err := shared.tryKubectl(t, "", asRobot...)
		if err == nil {
			break
		}
		deadline.check("the role counts", output)
	}
}

func TestVersionIsStamped(t *testing.T) {
	t.Parallel()
	// hack/versions.sh names the one that an older control plane is built from.
	path := os.Getenv("CONTROL_PLANE_GO_MOD")
	if path == "" {
		path = "../go.mod"
	}
	goMod, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^\tk8s\.io/kubernetes (v\S+)`).FindSubmatch(goMod)
	if want == nil {
		t.Fatal("go.mod names no version of k8s.io/kubernetes")
	}
	output := shared.kubectl(t, "version")
	for _, side := range []string{"Client", "Server"} {
		if line := side + " Version: " + string(want[1]); !strings.Contains(output, line) {
			t.Errorf("kubectl version lacks %q:\n%s", line, output)
		}
	}
}

func TestAdmissionPolicyIsEnforced(t *testing.T) {
	t.Parallel()
	shared.apply(t, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: honest}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], resources: [configmaps], operations: [CREATE]}
  matchConditions:
    - {name: claims, expression: "has(object.data) && 'requestedBy' in object.data"}
  validations:
    - {expression: "object.data.requestedBy == request.userInfo.username", message: "say who you are"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: honest}
spec: {policyName: honest, validationActions: [Deny]}
`)
	shared.kubectl(t, "create", "configmap", "honest", "--from-literal=requestedBy=admin")
	deadline := newDeadline(t)
	for {
		output, err := shared.tryKubectl(t, "", "create", "configmap", "liar", "--from-literal=requestedBy=somebody", "--dry-run=server")
		if err != nil && strings.Contains(output, "say who you are") {
			break
		}
		deadline.check("the policy refuses", output)
	}
}

func TestAuditLogShowsWritesAtOnce(t *testing.T) {
	t.Parallel()
	writes := func() (n int) {
		for _, e := range shared.audited(t, "configmaps", "counted") {
			if e.User.Username == "admin" && e.Stage == "ResponseComplete" && e.Verb != "get" {
				n++
			}
			if e.RequestObject != nil {
				t.Errorf("the body of a configmap is in the audit log")
			}
		}
		return n
	}
	shared.kubectl(t, "create", "configmap", "counted")
	if n := writes(); n != 1 {
		t.Errorf("%d writes after one", n)
	}
	shared.kubectl(t, "label", "configmap", "counted", "a=b")
	if n := writes(); n != 2 {
		t.Errorf("%d writes after two", n)
	}
}

func TestAuditLogHoldsBodiesOfTheProjectsGroup(t *testing.T) {
	t.Parallel()
	shared.apply(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: samples.fidoprereg.dev}
spec:
  group: fidoprereg.dev
  scope: Namespaced
  names: {kind: Sample, plural: samples}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {color: {type: string}}}}
`)
	shared.kubectl(t, "wait", "--for=condition=Established", "crd/samples.fidoprereg.dev", "--timeout=60s")
	// Not on one line: what begins with a brace is JSON to kubectl 1.32.
	shared.apply(t, `
apiVersion: fidoprereg.dev/v1alpha1
kind: Sample
metadata: {name: one}
color: green
`)
	for _, e := range shared.audited(t, "samples", "one") {
		if e.Verb == "create" && strings.Contains(string(e.RequestObject), `"color":"green"`) {
			return
		}
	}
	t.Error("the audit log has no create with the body of the sample")
}
