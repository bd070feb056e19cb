package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	examples = "../../examples/gitops"
	scripts  = examples + "/argocd/resource_customizations"
	patch    = examples + "/argocd/argocd-cm.yaml"
	keyOf    = "resource.customizations.health."
)

// healthTest is health_test.yaml, as Argo CD's own tests read it.
type healthTest struct {
	Tests []struct {
		InputPath    string `json:"inputPath"`
		HealthStatus word   `json:"healthStatus"`
	} `json:"tests"`
}

func scriptFolders(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(scripts + "/*/*/health.lua")
	if err != nil || len(found) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

func load(t *testing.T, file string) *unstructured.Unstructured {
	t.Helper()
	documents, err := readAll([]string{file}, nil)
	if err != nil || len(documents) != 1 {
		t.Fatalf("%s: %d documents, %v", file, len(documents), err)
	}
	object, err := documents[0].object()
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestHealthOfTheTestData(t *testing.T) {
	for _, folder := range scriptFolders(t) {
		text, err := os.ReadFile(filepath.Join(folder, "health_test.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var wanted healthTest
		if err := yaml.UnmarshalStrict(text, &wanted); err != nil {
			t.Fatal(err)
		}
		script, err := os.ReadFile(filepath.Join(folder, "health.lua"))
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, test := range wanted.Tests {
			listed = append(listed, test.InputPath)
			t.Run(filepath.Base(folder)+"/"+filepath.Base(test.InputPath), func(t *testing.T) {
				said, err := healthEitherWay(load(t, filepath.Join(folder, test.InputPath)), string(script))
				if err != nil || said != test.HealthStatus {
					t.Errorf("it says %q, wanted is %q (%v)", said, test.HealthStatus, err)
				}
			})
		}
		there, err := fs.Glob(os.DirFS(folder), "testdata/*")
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(listed)
		if !slices.Equal(listed, there) {
			t.Errorf("%s: health_test.yaml names %q, in testdata are %q", folder, listed, there)
		}
	}
}

// The texts of argocd-cm.yaml are those that were tested. With UPDATE_TESTDATA they are written there.
func TestThePatchHasTheScripts(t *testing.T) {
	text, err := os.ReadFile(patch)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_TESTDATA") != "" {
		text = rewritten(t, text)
		if err := os.WriteFile(patch, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var config struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	ours := 0
	for key := range config.Data {
		if strings.HasPrefix(key, keyOf+"fidoprereg.dev_") {
			ours++
		}
	}
	folders := scriptFolders(t)
	if ours != len(folders) {
		t.Errorf("%d of our kinds are in the patch, %d have a script", ours, len(folders))
	}
	for _, folder := range folders {
		script, err := os.ReadFile(filepath.Join(folder, "health.lua"))
		if err != nil {
			t.Fatal(err)
		}
		if config.Data[keyInPatch(folder)] != string(script) {
			t.Errorf("%s: the patch has another text", folder)
		}
	}
}

func keyInPatch(folder string) string {
	return keyOf + filepath.Base(filepath.Dir(folder)) + "_" + filepath.Base(folder)
}

func rewritten(t *testing.T, text []byte) []byte {
	t.Helper()
	before, _, found := strings.Cut(string(text), "  "+keyOf+"fidoprereg.dev_")
	if !found {
		t.Fatal("the patch has none of our kinds")
	}
	var made strings.Builder
	made.WriteString(before)
	for _, folder := range scriptFolders(t) {
		script, err := os.ReadFile(filepath.Join(folder, "health.lua"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&made, "  %s: |\n", keyInPatch(folder))
		for line := range strings.Lines(string(script)) {
			if strings.TrimSpace(line) != "" {
				made.WriteString("    ")
			}
			made.WriteString(line)
		}
	}
	return []byte(made.String())
}

func TestAppOfAppsWaitsForItsApplications(t *testing.T) {
	text, err := os.ReadFile(patch)
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	script := config.Data[keyOf+"argoproj.io_Application"]
	for _, test := range []struct {
		status any
		wanted word
	}{
		{nil, word{Status: "Progressing"}},
		{map[string]any{"health": map[string]any{}}, word{Status: "Progressing"}},
		{map[string]any{"health": map[string]any{"status": "Degraded", "message": "m"}}, word{"Degraded", "m"}},
		{map[string]any{"health": map[string]any{"status": "Healthy"}}, word{Status: "Healthy"}},
	} {
		object := &unstructured.Unstructured{Object: map[string]any{"status": test.status}}
		if said, err := healthEitherWay(object, script); err != nil || said != test.wanted {
			t.Errorf("%v: %q, %v", test.status, said, err)
		}
	}
}

func TestLibrariesAreOpenedAsInArgoCD(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	const asks = `return { status = "Healthy", message = tostring(string ~= nil) .. tostring(io ~= nil) .. tostring(table ~= nil) .. tostring(ipairs ~= nil) }`
	closed, err := health(object, asks, false)
	if err != nil || closed.Message != "falsefalsetruetrue" {
		t.Errorf("closed: %v %v", closed, err)
	}
	open, err := health(object, asks, true)
	if err != nil || open.Message != "truetruetruetrue" {
		t.Errorf("open: %v %v", open, err)
	}
	if _, err := healthEitherWay(object, asks); err == nil {
		t.Error("a script that depends on the libraries is not noticed")
	}
}

func TestBadScriptsAreFaults(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	for script, wanted := range map[string]string{
		`while true do end`:                     "context deadline exceeded",
		`return "Healthy"`:                      "string, not with a table",
		`return { status = "Fine" }`:            `"Fine" is no health`,
		`return { status = obj.status.health }`: "attempt to index",
		`return {`:                              "syntax error",
	} {
		if _, err := health(object, script, false); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func strict(t *testing.T, manifest string, flags ...string) (out, faults string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "some.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var said, bad bytes.Buffer
	err = run(slices.Concat([]string{"strict"}, flags, []string{file}), nil, &said, &bad)
	return said.String(), bad.String(), err
}

func TestStrictRefusesAnUnknownFieldOfEveryKind(t *testing.T) {
	for kind := range types {
		version, kind, _ := strings.Cut(kind, " ")
		manifest := fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: some}\n", version, kind)
		if out, faults, err := strict(t, manifest); err != nil || !strings.HasPrefix(out, "ok ") {
			t.Errorf("%s without a spec: %s %s %v", kind, out, faults, err)
		}
		_, faults, err := strict(t, manifest+"spec: {noSuchThing: 1}\n")
		if err == nil || !strings.Contains(faults, kind+" some: ") || !strings.Contains(faults, `unknown field "spec.noSuchThing"`) {
			t.Errorf("%s: %q, %v", kind, faults, err)
		}
	}
}

func TestStrictNamesEveryFault(t *testing.T) {
	_, faults, err := strict(t, `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: rules}
spec:
  groups:
  - name: g
    rules: [{alert: A, expr: up, for: 5m, severity: page}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: source}
spec: {interval: 1m, url: https://git.example.com/x.git, ref: {branch: 5}}
`)
	for _, wanted := range []string{
		`PrometheusRule rules: unknown field "spec.groups[0].rules[0].severity"`,
		"GitRepository source: json: cannot unmarshal number into Go struct field",
	} {
		if err == nil || !strings.Contains(faults, wanted) {
			t.Errorf("%q is not in %q", wanted, faults)
		}
	}
}

func TestStrictKnowsWhatItDoesNotKnow(t *testing.T) {
	const manifest = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n"
	if _, faults, err := strict(t, manifest); err == nil || !strings.Contains(faults, "no published type is known here") {
		t.Errorf("%q, %v", faults, err)
	}
	if out, _, err := strict(t, manifest, "--skip-unknown"); err != nil || !strings.HasPrefix(out, "skipped ") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestAKeyWrittenTwiceIsAFault(t *testing.T) {
	if _, _, err := strict(t, "apiVersion: v1\nkind: A\nkind: B\n"); err == nil || !strings.Contains(err.Error(), `key "kind" already set`) {
		t.Error(err)
	}
}

func TestListsAreTakenApart(t *testing.T) {
	const list = `{"apiVersion": "v1", "kind": "List", "items": [
		{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a", "generation": 1}},
		{"apiVersion": "v1", "kind": "B", "metadata": {"name": "b"}}]}`
	var said bytes.Buffer
	if err := run([]string{"health", "--scripts", scripts}, strings.NewReader(list), &said, &said); err != nil {
		t.Fatal(err)
	}
	wanted := `{"kind":"A","name":"a","kstatus":{"status":"Current","message":"Resource is current"},"argo":null}`
	if first, _, _ := strings.Cut(said.String(), "\n"); first != wanted || strings.Count(said.String(), "\n") != 2 {
		t.Errorf("%s", said.String())
	}
}

func TestNoLengthOfALineIsLost(t *testing.T) {
	const head, tail = `{"apiVersion": "v1", "kind": "A", "metadata": {"name": "`, `"}}`
	for _, length := range []int{4095, 4096, 4097, 8192} {
		manifest := head + strings.Repeat("a", length-len(head)-len(tail)) + tail
		if documents, err := read("-", strings.NewReader(manifest)); err != nil || len(documents) != 1 {
			t.Errorf("%d bytes: %d documents, %v", length, len(documents), err)
		}
	}
}

// What no API server of the tests knows is decoded here; the rest goes to an API server in tests/it/gitops.rs.
func TestTheExamplesFit(t *testing.T) {
	var files []string
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		// Templates of charts are no YAML, test data of another layout has tests of its own, and what configures kustomize
		// is no object.
		if entry.IsDir() && slices.Contains([]string{"templates", "resource_customizations"}, entry.Name()) {
			return fs.SkipDir
		}
		name := entry.Name()
		if filepath.Ext(name) == ".yaml" && !slices.Contains([]string{"Chart.yaml", "values.yaml", "kustomization.yaml", "names.yaml"}, name) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var said, faults bytes.Buffer
	if err := run(append([]string{"strict", "--skip-unknown"}, files...), nil, &said, &faults); err != nil {
		t.Errorf("%v\n%s", err, faults.String())
	}
	if !strings.Contains(said.String(), "ok ") {
		t.Errorf("nothing was judged:\n%s", said.String())
	}
}
