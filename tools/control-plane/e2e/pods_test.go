package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// image is what the test binary stands for.
const image = "example.com/tests/helper"

// running is the control plane that really runs pods, for all tests that don't
// stop theirs.
var running *plane

var startRunning = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "control-plane-e2e-pods-")
	if err != nil {
		return err
	}
	running, err = start(dir, runFlag()...)
	return err
})

func runFlag() []string { return []string{"--run", image + "=" + os.Args[0]} }

// namespace makes a namespace whose pods are really run.
func namespace(t *testing.T, name string) *ns {
	t.Helper()
	if err := startRunning(); err != nil {
		t.Fatal(err)
	}
	n := &ns{running, name}
	n.create(t)
	return n
}

// ns is a namespace of a control plane.
type ns struct {
	*plane
	name string
}

func (n *ns) create(t *testing.T) {
	t.Helper()
	n.plane.kubectl(t, "create", "namespace", n.name)
	n.until(t, "the namespace has its service account", func() bool {
		_, err := n.tryKubectl(t, "", "-n", n.name, "get", "serviceaccount", "default")
		return err == nil
	})
}

func (n *ns) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return n.plane.kubectl(t, append([]string{"-n", n.name}, args...)...)
}

// apply creates what a manifest describes, with IMAGE replaced.
func (n *ns) apply(t *testing.T, manifest string) {
	t.Helper()
	manifest = strings.NewReplacer("IMAGE", image+":v1", "PROGRAM", "/"+filepath.Base(os.Args[0])).Replace(manifest)
	if output, err := n.tryKubectl(t, manifest, "-n", n.name, "apply", "-f", "-"); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, output)
	}
}

// until waits for a condition.
func (n *ns) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := newDeadline(t)
	for !holds() {
		pods, _ := n.tryKubectl(t, "", "-n", n.name, "get", "pods", "-o", "wide")
		deadline.check(what, pods)
		time.Sleep(100 * time.Millisecond)
	}
}

// untilField waits until a field of a pod has a value.
func (n *ns) untilField(t *testing.T, pod, path, want string) {
	t.Helper()
	got := ""
	n.until(t, fmt.Sprintf("%s of %s is %q", path, pod, want), func() bool {
		got = n.field(t, pod, path)
		return got == want
	})
}

func (n *ns) field(t *testing.T, pod, path string) string {
	t.Helper()
	return n.kubectl(t, "get", "pod", pod, "-o", "jsonpath={"+path+"}")
}

// log is what a container has printed.
func (n *ns) log(t *testing.T, pod, container string) string {
	t.Helper()
	content, err := os.ReadFile(n.logFile(t, pod, container))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (n *ns) logFile(t *testing.T, pod, container string) string {
	t.Helper()
	uid := n.field(t, pod, ".metadata.uid")
	return filepath.Join(n.dir, "pods", n.name+"_"+pod+"_"+uid, container+".log")
}

// told is what the newest process of a container says that it was given.
func (n *ns) told(t *testing.T, pod, container string) (newest told) {
	t.Helper()
	n.until(t, "the process says what it was given", func() bool {
		content, _ := os.ReadFile(n.logFile(t, pod, container))
		found := false
		for line := range strings.Lines(string(content)) {
			if strings.HasPrefix(line, "{") && strings.HasSuffix(line, "\n") {
				found = json.Unmarshal([]byte(line), &newest) == nil
			}
		}
		return found
	})
	return newest
}

// at is where a pod listens.
func (n *ns) at(t *testing.T, pod string) string {
	t.Helper()
	ip := n.field(t, pod, ".status.podIP")
	_, rest, _ := strings.Cut(ip, ".")
	return "127." + rest
}

func (n *ns) become(t *testing.T, pod string, code int) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("http://%s:8080/become?code=%d", n.at(t, pod), code))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

func TestAProcessGetsWhatThePodSays(t *testing.T) {
	t.Parallel()
	n := namespace(t, "given")
	n.kubectl(t, "create", "secret", "generic", "secret", "--from-literal=word=abracadabra", "--from-literal=other=x")
	n.kubectl(t, "create", "configmap", "map", "--from-literal=color=green", "--from-literal=SHAPE=round")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: given, labels: {team: blue}}
spec:
  restartPolicy: Never
  enableServiceLinks: false
  containers:
    - name: main
      image: IMAGE
      args: [helper, exit, "0", "--dir=/etc/app", "--file=/etc/app/secret/word,/etc/apple", "--name=$(NAME)-$(WORD)", "--literal=$$(NAME)", "--sub=/etc/sub/word"]
      env:
        - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: UID_OF_POD, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
        - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: WORD, valueFrom: {secretKeyRef: {name: secret, key: word}}}
        - {name: COLOR, valueFrom: {configMapKeyRef: {name: map, key: color}}}
        - {name: ABSENT, valueFrom: {configMapKeyRef: {name: nothing, key: color, optional: true}}}
        - {name: FILE, value: /etc/app/secret/word}
      envFrom:
        - {prefix: MAP_, configMapRef: {name: map}}
      volumeMounts:
        - {name: secret, mountPath: /etc/app/secret, readOnly: true}
        - {name: both, mountPath: /etc/app/both}
        - {name: secret, mountPath: /etc/sub/word, subPath: word}
  volumes:
    - name: secret
      secret: {secretName: secret, defaultMode: 0440, items: [{key: word, path: word}]}
    - name: both
      projected:
        sources:
          - configMap: {name: map, items: [{key: color, path: colors/first}]}
          - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
          - secret: {name: nothing, optional: true}
`)
	got := n.told(t, "given", "main")
	root := filepath.Join(n.dir, "pods", n.field(t, "given", ".metadata.uid"), "containers/main/root")
	want := []string{
		"helper", "exit", "0", "--dir=" + root + "/etc/app", "--file=" + root + "/etc/app/secret/word,/etc/apple",
		"--name=given-abracadabra", "--literal=$(NAME)", "--sub=" + root + "/etc/sub/word",
	}
	if fmt.Sprint(got.Args[1:]) != fmt.Sprint(want) {
		t.Errorf("the arguments are\n%q, want\n%q", got.Args[1:], want)
	}
	for name, want := range map[string]string{
		"NAME": "given", "NAMESPACE": "given", "UID_OF_POD": n.field(t, "given", ".metadata.uid"), "IP": n.at(t, "given"),
		"WORD": "abracadabra", "COLOR": "green", "MAP_SHAPE": "round", "FILE": root + "/etc/app/secret/word",
		"KUBERNETES_SERVICE_HOST": "127.0.0.1", "HOME": root,
	} {
		if got.Env[name] != want {
			t.Errorf("the variable %s is %q, want %q", name, got.Env[name], want)
		}
	}
	for _, name := range []string{"ABSENT", "USER", "GOCACHE", "CONTROL_PLANE_BIN"} {
		if value, found := got.Env[name]; found {
			t.Errorf("the variable %s came from elsewhere: %q", name, value)
		}
	}
	n.untilField(t, "given", ".status.phase", "Succeeded")
}

func TestFilesAreThoseOfTheSources(t *testing.T) {
	t.Parallel()
	n := namespace(t, "files")
	n.kubectl(t, "create", "secret", "generic", "secret", "--from-literal=word=first", "--from-literal=gone=soon")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: files, labels: {team: blue}}
spec:
  containers:
    - name: main
      image: IMAGE
      args: [helper, stubborn, /etc/secret, /etc/map, /etc/down, /etc/part]
      volumeMounts:
        - {name: secret, mountPath: /etc/secret, readOnly: true}
        - {name: secret, mountPath: /etc/part, subPath: word}
        - {name: map, mountPath: /etc/map}
        - {name: down, mountPath: /etc/down}
  terminationGracePeriodSeconds: 1
  volumes:
    - {name: secret, secret: {secretName: secret, defaultMode: 0440}}
    - {name: map, configMap: {name: later, optional: true}}
    - name: down
      downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
`)
	args := n.told(t, "files", "main").Args
	secret, later, labels, part := args[3], args[4], args[5]+"/labels", args[6]
	content := func(path string) string {
		text, _ := os.ReadFile(path)
		return string(text)
	}
	if link, err := os.Readlink(filepath.Join(secret, "word")); err != nil || link != "..data/word" {
		t.Errorf("a file of a Secret is no link through ..data: %q %v", link, err)
	}
	if info, err := os.Stat(filepath.Join(secret, "word")); err != nil || info.Mode().Perm() != 0o440 {
		t.Errorf("defaultMode does not count: %v %v", info, err)
	}
	if info, err := os.Stat(labels); err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("a file of a volume that cannot be written has the mode of one that can: %v %v", info, err)
	}
	before, err := os.Readlink(filepath.Join(secret, "..data"))
	if err != nil || content(labels) != `team="blue"` {
		t.Errorf("%v, labels %q", err, content(labels))
	}

	n.kubectl(t, "patch", "secret", "secret", "--type=merge", "-p", `{"stringData":{"word":"second"},"data":{"gone":null}}`)
	n.until(t, "the new word is there", func() bool { return content(secret+"/word") == "second" })
	if after, _ := os.Readlink(filepath.Join(secret, "..data")); after == before {
		t.Error("..data was not swapped")
	}
	n.until(t, "a key that is gone has no file", func() bool {
		_, err := os.Lstat(filepath.Join(secret, "gone"))
		return os.IsNotExist(err)
	})
	if content(part) != "first" {
		t.Errorf("a subPath follows the Secret, unlike a real one: %q", content(part))
	}
	n.kubectl(t, "create", "configmap", "later", "--from-literal=color=green")
	n.until(t, "an optional ConfigMap comes later", func() bool { return content(later+"/color") == "green" })
	n.kubectl(t, "label", "pod", "files", "team=red", "--overwrite")
	n.until(t, "the labels follow", func() bool { return content(labels) == `team="red"` })

	dir := filepath.Join(n.dir, "pods", n.field(t, "files", ".metadata.uid"))
	n.kubectl(t, "delete", "pod", "files", "--timeout=60s")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the files of a deleted pod are still there: %v", err)
	}
}

func TestAPodWaitsForItsSecret(t *testing.T) {
	t.Parallel()
	n := namespace(t, "waits")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: IMAGE, args: [helper, read, /etc/secret/word], volumeMounts: [{name: secret, mountPath: /etc/secret}]}
  volumes:
    - {name: secret, secret: {secretName: missing}}
`)
	n.untilField(t, "waits", ".status.containerStatuses[0].state.waiting.message", `volume "secret": secrets "missing" not found`)
	if phase := n.field(t, "waits", ".status.phase"); phase != "Pending" {
		t.Errorf("it is %s", phase)
	}
	n.kubectl(t, "create", "secret", "generic", "missing", "--from-literal=word=late")
	n.untilField(t, "waits", ".status.phase", "Succeeded")
	if log := n.log(t, "waits", "main"); !strings.Contains(log, "read: late") {
		t.Errorf("it says %q", log)
	}
}

func TestTheTokenOfThePodCounts(t *testing.T) {
	t.Parallel()
	n := namespace(t, "token")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: token}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: IMAGE, args: [helper, stubborn]}]
`)
	kubeconfig := n.told(t, "token", "main").Env["KUBECONFIG"]
	whoami := n.kubectl(t, "--kubeconfig="+kubeconfig, "auth", "whoami", "-o", "json")
	if !strings.Contains(whoami, `"system:serviceaccount:token:default"`) || !strings.Contains(whoami, n.field(t, "token", ".metadata.uid")) {
		t.Errorf("the process is %s", whoami)
	}
}

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: IMAGE
          args: [helper, serve, "0.0.0.0:8080"]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /state, port: http}, periodSeconds: 1, failureThreshold: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
`

func job(name, url string) string {
	return fmt.Sprintf(`
apiVersion: batch/v1
kind: Job
metadata: {name: %s}
spec:
  backoffLimit: 0
  template:
    spec: {restartPolicy: Never, containers: [{name: main, image: IMAGE, args: [helper, get, "%s"]}]}
`, name, url)
}

func TestADeploymentAnswersItsProbesAndItsService(t *testing.T) {
	t.Parallel()
	n := namespace(t, "web")
	n.apply(t, web)
	n.kubectl(t, "wait", "--for=condition=Available", "deployment/web", "--timeout=60s")
	pods := strings.Fields(n.kubectl(t, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"))
	if len(pods) != 2 || n.at(t, pods[0]) == n.at(t, pods[1]) {
		t.Fatalf("want two pods that listen apart, got %v", pods)
	}
	n.apply(t, job("asks", "http://web.web.svc/state"))
	n.kubectl(t, "wait", "--for=condition=Complete", "job/asks", "--timeout=60s")

	for _, pod := range pods {
		n.become(t, pod, 503)
		n.untilField(t, pod, `.status.conditions[?(@.type=="Ready")].status`, "False")
	}
	n.kubectl(t, "wait", "--for=condition=Available=False", "deployment/web", "--timeout=60s")
	n.apply(t, job("refused", "http://web/state"))
	n.kubectl(t, "wait", "--for=condition=Failed", "job/refused", "--timeout=60s")
	n.become(t, pods[0], 200)
	n.untilField(t, pods[0], `.status.conditions[?(@.type=="Ready")].status`, "True")
	if restarts := n.field(t, pods[0], ".status.containerStatuses[0].restartCount"); restarts != "0" {
		t.Errorf("not being ready led to %s restarts", restarts)
	}
}

func TestLivenessRestarts(t *testing.T) {
	t.Parallel()
	n := namespace(t, "alive")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: alive}
spec:
  containers:
    - name: main
      image: IMAGE
      args: [helper, serve, "0.0.0.0:8080"]
      startupProbe: {httpGet: {path: /state, port: 8080}, periodSeconds: 1, failureThreshold: 60}
      livenessProbe: {httpGet: {path: /state, port: 8080}, periodSeconds: 1, failureThreshold: 2}
`)
	n.untilField(t, "alive", ".status.containerStatuses[0].started", "true")
	first := n.told(t, "alive", "main").Pid
	n.become(t, "alive", 500)
	n.untilField(t, "alive", ".status.containerStatuses[0].restartCount", "1")
	n.untilField(t, "alive", ".status.containerStatuses[0].ready", "true")
	if log := n.log(t, "alive", "main"); !strings.Contains(log, "asked to end") {
		t.Errorf("it was not asked to end: %s", log)
	}
	if second := n.told(t, "alive", "main").Pid; second == first {
		t.Error("it is the same process")
	}
}

func TestExitCodesAndRestarts(t *testing.T) {
	t.Parallel()
	n := namespace(t, "codes")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: never}
spec: {restartPolicy: Never, containers: [{name: main, image: IMAGE, args: [helper, exit, "3"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: always}
spec: {containers: [{name: main, image: IMAGE, args: [helper, exit, "0"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: another}
spec: {restartPolicy: Never, containers: [{name: main, image: IMAGE, command: [/bin/sh, "-c", "true"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: root}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 0}
  containers: [{name: main, image: IMAGE, args: [helper, exit, "0"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: unmapped}
spec: {containers: [{name: main, image: example.com/another:v1}]}
`)
	n.untilField(t, "never", ".status.phase", "Failed")
	if log := n.kubectl(t, "logs", "never"); !strings.Contains(log, `"exit","3"`) {
		t.Errorf("kubectl logs shows %q", log)
	}
	if code := n.field(t, "never", ".status.containerStatuses[0].state.terminated.exitCode"); code != "3" {
		t.Errorf("the exit code is %q", code)
	}
	n.untilField(t, "always", ".status.containerStatuses[0].restartCount", "2")
	n.untilField(t, "always", ".status.containerStatuses[0].state.waiting.reason", "CrashLoopBackOff")
	now, before := n.kubectl(t, "logs", "always", "--tail=1"), n.kubectl(t, "logs", "always", "--previous")
	if now == before || strings.Count(now, "\n") != 1 || strings.Count(before, "\n") != 1 {
		t.Errorf("want the one line of the newest process and that of the one before, got %q and %q", now, before)
	}
	n.untilField(t, "another", ".status.containerStatuses[0].state.waiting.reason", "CreateContainerConfigError")
	n.untilField(t, "root", ".status.containerStatuses[0].state.waiting.message", "container's runAsUser breaks non-root policy")
	n.untilField(t, "unmapped", ".status.phase", "Running")
}

func TestInitContainersAndSidecars(t *testing.T) {
	t.Parallel()
	n := namespace(t, "order")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: order}
spec:
  restartPolicy: Never
  initContainers:
    - {name: first, image: IMAGE, args: [helper, write, /data/word, hello], volumeMounts: [{name: data, mountPath: /data}]}
    - name: beside
      image: IMAGE
      restartPolicy: Always
      args: [helper, serve, "0.0.0.0:8081"]
      startupProbe: {exec: {command: [PROGRAM, helper, get, "http://$(IP):8081/state"]}, periodSeconds: 1, failureThreshold: 60}
      env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    - {name: asks, image: IMAGE, args: [helper, get, "http://$(IP):8081/state"], env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]}
  containers:
    - {name: main, image: IMAGE, args: [helper, read, /in/word], volumeMounts: [{name: data, mountPath: /in/word, subPath: word, readOnly: true}, {name: data, mountPath: /elsewhere}]}
  volumes: [{name: data, emptyDir: {}}]
`)
	n.untilField(t, "order", ".status.phase", "Succeeded")
	if log := n.log(t, "order", "main"); !strings.Contains(log, "read: hello") {
		t.Errorf("the container says %s", log)
	}
	if log := n.log(t, "order", "beside"); !strings.Contains(log, "asked to end") {
		t.Errorf("the sidecar was not ended after the container: %s", log)
	}
}

func TestDeletionAsksAndThenKills(t *testing.T) {
	t.Parallel()
	n := namespace(t, "ends")
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: polite}
spec: {terminationGracePeriodSeconds: 600, containers: [{name: main, image: IMAGE, args: [helper, serve, "0.0.0.0:8080"]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: stubborn}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: IMAGE, args: [helper, stubborn]}]}
`)
	log := n.logFile(t, "polite", "main")
	followed := make(chan string, 1)
	go func() {
		deadline := newDeadline(t)
		for {
			output, err := n.tryKubectl(t, "", "-n", n.name, "logs", "--follow", "polite")
			if err == nil || time.Now().After(deadline.until) {
				followed <- output
				return
			}
			time.Sleep(50 * time.Millisecond) // Until the container has started.
		}
	}()
	for _, pod := range []string{"polite", "stubborn"} {
		pid := n.told(t, pod, "main").Pid
		if id := n.field(t, pod, ".status.containerStatuses[0].containerID"); id != "process://"+strconv.Itoa(pid) {
			t.Errorf("the id of the container is %s, the process is %d", id, pid)
		}
		if pod == "polite" {
			n.until(t, "it serves", func() bool {
				answer, err := http.Get("http://" + n.at(t, pod) + ":8080/state")
				return err == nil && answer.Body.Close() == nil
			})
		}
		n.kubectl(t, "delete", "pod", pod, "--timeout=60s")
		if alive(pid) {
			t.Errorf("the process of %s outlives its pod", pod)
		}
	}
	if all := <-followed; !strings.Contains(all, "asked to end") {
		t.Errorf("who followed the log saw %q", all)
	}
	if content, err := os.ReadFile(log); err != nil || !strings.Contains(string(content), "asked to end") {
		t.Errorf("the log of a deleted pod says %q, %v", content, err)
	}
}

func TestProcessesEndWithTheControlPlane(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := run(t, dir, runFlag()...)
	n := &ns{first, "default"}
	n.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {containers: [{name: main, image: IMAGE, args: [helper, serve, "0.0.0.0:8080"], volumeMounts: [{name: data, mountPath: /data}]}], volumes: [{name: data, emptyDir: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec: {restartPolicy: Never, containers: [{name: main, image: IMAGE, args: [helper, stubborn]}]}
`)
	killed := []int{n.told(t, "one", "main").Pid, n.told(t, "once", "main").Pid}
	n.untilField(t, "one", ".status.phase", "Running")
	n.untilField(t, "once", ".status.phase", "Running")
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.exited
	for _, pid := range killed {
		deadline := newDeadline(t)
		for alive(pid) {
			deadline.check("the process is gone", strconv.Itoa(pid))
			time.Sleep(20 * time.Millisecond)
		}
	}

	second := run(t, dir, runFlag()...)
	n = &ns{second, "default"}
	n.untilField(t, "one", ".status.containerStatuses[0].restartCount", "1")
	n.untilField(t, "one", `.status.conditions[?(@.type=="Ready")].status`, "True")
	n.untilField(t, "once", ".status.phase", "Failed")
	ended := n.told(t, "one", "main").Pid
	n.until(t, "it serves", func() bool {
		answer, err := http.Get("http://" + n.at(t, "one") + ":8080/state")
		return err == nil && answer.Body.Close() == nil
	})
	log := n.logFile(t, "one", "main")
	if err := second.closeStdin(); err != nil {
		t.Error(err)
	}
	if content, _ := os.ReadFile(log); alive(ended) || !strings.Contains(string(content), "asked to end") {
		t.Errorf("alive: %v; it says %s", alive(ended), content)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
