package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// state is the directory that holds everything a control plane knows. Whatever
// must outlive the process is a file in it; a copy of it, made while nothing
// runs, is a backup.
type state struct {
	dir             string
	adminKubeconfig string
	auditLog        string
	log             string
	lock            *os.File
}

// openState creates the directory if need be and locks it for this process.
func openState(dir string) (*state, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the state directory: %w", err)
	}
	s := &state{dir: dir}
	s.adminKubeconfig = s.path("admin.kubeconfig")
	s.auditLog = s.path("audit.log")
	s.log = s.path("control-plane.log")
	if s.lock, err = os.OpenFile(s.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	// Without this lock a second process would hang on etcd's own lock, after
	// it had replaced the kubeconfigs of the first one.
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = s.lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another control plane runs on %s: stop it, or give another --dir", dir)
		}
		return nil, fmt.Errorf("locking %s: %w", s.path("lock"), err)
	}
	return s, nil
}

// path names a file in the state directory.
func (s *state) path(name string) string { return filepath.Join(s.dir, name) }

// close releases the directory. The kernel does the same when the process dies.
func (s *state) close() { _ = s.lock.Close() }

// writeFile replaces a file at once, so that nobody ever reads half of it.
func (s *state) writeFile(name string, content []byte) error {
	temporary := s.path(name + ".new")
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, s.path(name))
}
