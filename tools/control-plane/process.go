package main

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// starter starts processes, all from one thread that never ends: the kernel
// kills them when the thread that started them is gone, not the process.
type starter struct{ requests chan startRequest }

type startRequest struct {
	cmd *exec.Cmd
	err chan error
}

func newStarter() *starter {
	s := &starter{requests: make(chan startRequest)}
	go func() {
		runtime.LockOSThread()
		for request := range s.requests {
			request.err <- request.cmd.Start()
		}
	}()
	return s
}

// process is a running program and, in its process group, whatever it started.
type process struct {
	cmd *exec.Cmd
	// ended is closed when the program has ended and code is set.
	ended chan struct{}
	code  int32
}

// start runs a program that ends with this process, however that ends.
func (s *starter) start(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	request := startRequest{cmd: cmd, err: make(chan error, 1)}
	s.requests <- request
	if err := <-request.err; err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait()
		p.code = exitCode(cmd.ProcessState)
		// A container takes everything with it that its first process started.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}()
	return p, nil
}

// stop asks the program to end, and kills it when no time is left.
func (p *process) stop(left func() time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	for {
		timer := time.NewTimer(min(max(left(), 0), 100*time.Millisecond))
		select {
		case <-p.ended:
			timer.Stop()
			return
		case <-timer.C:
		}
		if left() <= 0 {
			p.kill()
			return
		}
	}
}

// kill ends the program and all that it started.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// exitCode is the code as a container runtime tells it.
func exitCode(state *os.ProcessState) int32 {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int32(status.Signal())
	}
	return int32(state.ExitCode())
}
