package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	// A long path, longer than a unix socket's may be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	before := run(t, dir)
	before.kubectl(t, "create", "configmap", "kept", "--from-literal=color=green")
	token := strings.TrimSpace(before.kubectl(t, "create", "token", "default"))
	oldKubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content, err := os.ReadFile(before.Kubeconfig)
	if err == nil {
		err = os.WriteFile(oldKubeconfig, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := before.closeStdin(); err != nil {
		t.Fatal(err)
	}

	after := run(t, dir)
	if after.Server != before.Server {
		t.Errorf("the server moved from %s to %s", before.Server, after.Server)
	}
	if color := after.kubectl(t, "--kubeconfig="+oldKubeconfig, "get", "configmap", "kept", "-o", "jsonpath={.data.color}"); color != "green" {
		t.Errorf("the data is %q after the restart", color)
	}
	output, err := after.tryKubectl(t, "", "--kubeconfig=/dev/null", "--server="+after.Server, "--token="+token,
		"--certificate-authority="+filepath.Join(dir, "ca.crt"), "auth", "whoami")
	if err != nil || !strings.Contains(output, "system:serviceaccount:default:default") {
		t.Errorf("the old token does not work: %v %s", err, output)
	}
	if n := len(after.audited(t, "configmaps", "kept")); n < 2 {
		t.Errorf("the audit log did not go on: %d events", n)
	}
	if err := after.terminate(); err != nil {
		t.Error(err)
	}
}

func TestEtcdIsRestoredFromACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	etcd, backup := filepath.Join(dir, "etcd"), filepath.Join(t.TempDir(), "backup")
	first := run(t, dir)
	first.kubectl(t, "create", "configmap", "before")
	if err := first.closeStdin(); err != nil {
		t.Fatal(err)
	}
	copyTree(t, etcd, backup)
	second := run(t, dir)
	second.kubectl(t, "create", "configmap", "after")
	if err := second.closeStdin(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(etcd); err != nil {
		t.Fatal(err)
	}
	copyTree(t, backup, etcd)
	third := run(t, dir)
	names := third.kubectl(t, "get", "configmaps", "-o", "name")
	if !strings.Contains(names, "/before\n") || strings.Contains(names, "/after\n") {
		t.Errorf("after the restore there are:\n%s", names)
	}
}

func TestEndsQuicklyUnderOpenWatches(t *testing.T) {
	t.Parallel()
	p := run(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	watch := p.kubectlCommand(ctx, "get", "configmaps", "--all-namespaces", "--watch", "--output=name")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	// The first object proves that the watch is about to open.
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	if err := p.closeStdin(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(asked); took > 20*time.Second {
		t.Errorf("it took %s to end", took)
	}
	cancel()
	_ = watch.Wait()
	server, err := url.Parse(p.Server)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", server.Host); err == nil {
		_ = c.Close()
		t.Errorf("something still listens on %s", server.Host)
	}
}

func TestIgnoreStdin(t *testing.T) {
	t.Parallel()
	p := run(t, t.TempDir(), "--ignore-stdin", "--fsync")
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	p.kubectl(t, "get", "nodes")
	if err := p.terminate(); err != nil {
		t.Error(err)
	}
}

func TestClosedStdinEndsTheStart(t *testing.T) {
	t.Parallel()
	// A nil Stdin is /dev/null, as for a background job of a shell.
	output, err := exec.Command(binary, "serve", "--dir", t.TempDir()).CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--ignore-stdin") {
		t.Errorf("want a clean end and a hint, got %v: %s", err, output)
	}
}

func TestResumesAfterBeingKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killed := run(t, dir)
	killed.kubectl(t, "create", "configmap", "kept")
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-killed.exited
	resumed := run(t, dir)
	resumed.kubectl(t, "get", "configmap", "kept")
	if err := resumed.closeStdin(); err != nil {
		t.Error(err)
	}
}

func TestSecretsOnDiskAreTheOwnersOnly(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(shared.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".kube" {
			return fs.SkipDir // kubectl's caches.
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.Name() == "etcd" && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		// What is below etcd's directory, its sockets too, is behind that door.
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && !strings.Contains(path, "/etcd/") {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(shared.Server)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no directory":     {[]string{"serve"}, "--dir DIR"},
		"directory in use": {[]string{"serve", "--dir", shared.dir}, "another control plane runs on"},
		"port in use":      {[]string{"serve", "--dir", t.TempDir(), "--port", server.Port()}, "--port"},
		"stray argument":   {[]string{"serve", "--dir", t.TempDir(), "now"}, `"now"`},
		"no such command":  {[]string{"server"}, "usage:"},
	} {
		output, err := exec.Command(binary, test.args...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), test.want) {
			t.Errorf("%s: want an error with %q, got %v: %s", name, test.want, err, output)
		}
	}
}

func TestLinkNamedKubectl(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "kubectl")
	if err := os.Symlink(binary, link); err != nil {
		t.Fatal(err)
	}
	cmd := shared.kubectlCommand(t.Context(), "")
	cmd.Path, cmd.Args = link, []string{link, "get", "nodes", "-o", "name"}
	output, err := cmd.CombinedOutput()
	if err != nil || string(output) != "node/node-1\n" {
		t.Errorf("got %v: %s", err, output)
	}
}

// deadline ends a test that waits in vain. Each check is one round of a loop
// whose body takes its own time.
type deadline struct {
	t     *testing.T
	until time.Time
}

func newDeadline(t *testing.T) deadline { return deadline{t, time.Now().Add(patience)} }

func (d deadline) check(what, last string) {
	d.t.Helper()
	if time.Now().After(d.until) {
		d.t.Fatalf("waited %s in vain until %s; last: %s", patience, what, last)
	}
}

// copyTree copies the regular files and directories of a tree: what a backup
// of a directory is. Sockets stay behind.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case entry.Type().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("copying: %w", err)
			}
			return os.WriteFile(target, content, 0o600)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
