// Package e2e tests the built control plane the way its callers use it: as a
// program. It imports nothing of Kubernetes, so it compiles in a second.
package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait. Nothing takes nearly as long on an idle machine.
const patience = 90 * time.Second

// binary is the program under test.
var binary = func() string {
	if path := os.Getenv("CONTROL_PLANE_BIN"); path != "" {
		return path
	}
	path, err := filepath.Abs("../../../.cache/bin/control-plane")
	if err != nil {
		panic(err)
	}
	return path
}()

// shared is the control plane of all tests that don't stop theirs.
var shared *plane

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == helperCommand {
		os.Exit(helper(os.Args[2:]))
	}
	os.Exit(func() int {
		if _, err := os.Stat(binary); err != nil {
			fmt.Fprintf(os.Stderr, "%v\nrun build.sh first, or let CONTROL_PLANE_BIN name the program\n", err)
			return 1
		}
		dir, err := os.MkdirTemp("", "control-plane-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if shared, err = start(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		for _, p := range []*plane{shared, running} {
			if p == nil {
				continue
			}
			if err := p.closeStdin(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return code
	}())
}

// plane is a running `control-plane serve`.
type plane struct {
	Server     string
	Kubeconfig string
	AuditLog   string
	ReadyMs    int64

	dir    string
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *strings.Builder
	exited chan error
}

// start runs serve on a directory and waits for its line on stdout.
func start(dir string, args ...string) (*plane, error) {
	p := &plane{dir: dir, stderr: &strings.Builder{}, exited: make(chan error, 1)}
	p.cmd = exec.Command(binary, append([]string{"serve", "--dir", dir}, args...)...)
	p.cmd.Stderr = p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		err = p.cmd.Wait()
		return nil, fmt.Errorf("serve printed no line: %w\n%s", err, p.stderr)
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		err := p.cmd.Wait()
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("serve printed more than one line: %q", rest)
		}
		p.exited <- err
	}()
	if err := json.Unmarshal(line, p); err != nil {
		_ = p.cmd.Process.Kill()
		return nil, fmt.Errorf("serve printed %q: %w", line, err)
	}
	return p, nil
}

// run is start for a test that stops its control plane itself.
func run(t *testing.T, dir string, args ...string) *plane {
	t.Helper()
	p, err := start(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// closeStdin ends serve the usual way, and says how it ended.
func (p *plane) closeStdin() error {
	if err := p.stdin.Close(); err != nil {
		return err
	}
	return p.wait()
}

// terminate ends serve with a signal, and says how it ended.
func (p *plane) terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

func (p *plane) wait() error {
	select {
	case err := <-p.exited:
		if err != nil {
			return fmt.Errorf("serve ended badly: %w\n%s", err, p.stderr)
		}
		return nil
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("serve did not end within %s", patience)
	}
}

// kubectlCommand prepares kubectl for this control plane.
func (p *plane) kubectlCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, append([]string{"kubectl"}, args...)...)
	// HOME: kubectl keeps its caches there.
	cmd.Env = append(os.Environ(), "KUBECONFIG="+p.Kubeconfig, "HOME="+p.dir)
	return cmd
}

// tryKubectl runs kubectl with an input, and returns its output even if it fails.
func (p *plane) tryKubectl(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := p.kubectlCommand(ctx, args...)
	cmd.Stdin = strings.NewReader(input)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// kubectl runs kubectl, which must succeed.
func (p *plane) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := p.tryKubectl(t, "", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// apply creates what a manifest describes.
func (p *plane) apply(t *testing.T, manifest string) {
	t.Helper()
	if output, err := p.tryKubectl(t, manifest, "apply", "-f", "-"); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, output)
	}
}

// event is what the tests read of a line in the audit log.
type event struct {
	Stage string
	Verb  string
	User  struct{ Username string }
	// ObjectRef names what a request was about.
	ObjectRef     struct{ Resource, Namespace, Name, APIGroup string }
	RequestObject json.RawMessage
}

// audited returns the events of a resource, read just now.
func (p *plane) audited(t *testing.T, resource, name string) []event {
	t.Helper()
	content, err := os.ReadFile(p.AuditLog)
	if err != nil {
		t.Fatal(err)
	}
	var found []event
	for line := range strings.Lines(string(content)) {
		if !strings.HasSuffix(line, "\n") {
			break // Another request's, being written.
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("audit log: %v in %q", err, line)
		}
		if e.ObjectRef.Resource == resource && e.ObjectRef.Name == name {
			found = append(found, e)
		}
	}
	return found
}
