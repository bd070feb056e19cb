package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

const (
	// A real kubelet waits 10 s after the first crash and 5 minutes at most.
	firstBackoff = time.Second
	maxBackoff   = 8 * time.Second
	// configRetry is the time until a container is tried again that lacks
	// something, a Secret that its environment names for example.
	configRetry = time.Second
	// exitUnknown is what is assumed of a process that ended unseen.
	exitUnknown = 137
)

// container is one container of a pod: a process, and its successors.
type container struct {
	run  *podRun
	spec *corev1.Container
	init bool
	// ctx is for sidecars, which outlive the pod's other containers.
	ctx    context.Context
	cancel context.CancelFunc
	// up is closed when the container has first started, as its startup probe
	// sees it; done when it will not run any more.
	up, done chan struct{}
	upOnce   sync.Once

	mu     sync.Mutex
	status corev1.ContainerStatus
	// newestLog is where in the log the output of the newest process begins,
	// previousLog that of the one before.
	previousLog, newestLog int64
	// variables are the environment of the newest process as the Pod gives it,
	// before anything is put into terms of this machine.
	variables map[string]string
}

func newContainer(run *podRun, spec *corev1.Container, old []corev1.ContainerStatus, init bool) *container {
	c := &container{run: run, spec: spec, init: init, up: make(chan struct{}), done: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.status = corev1.ContainerStatus{Name: spec.Name, Image: spec.Image}
	for _, s := range old {
		if s.Name == spec.Name {
			c.resume(s)
		}
	}
	if c.status.State.Terminated == nil {
		reason := "ContainerCreating"
		if len(run.pod().Spec.InitContainers) > 0 {
			reason = "PodInitializing"
		}
		c.status.State = waiting(reason, "")
	}
	return c
}

// resume takes over what an earlier serve said of the container. Its process
// ended with that serve.
func (c *container) resume(old corev1.ContainerStatus) {
	c.status.RestartCount = old.RestartCount
	c.status.LastTerminationState = old.LastTerminationState
	ended := old.State.Terminated
	if old.State.Running != nil {
		ended = &corev1.ContainerStateTerminated{
			ExitCode: exitUnknown, Reason: "ContainerStatusUnknown",
			Message:   "the process ended together with the control plane",
			StartedAt: old.State.Running.StartedAt, FinishedAt: metav1.Now(), ContainerID: old.ContainerID,
		}
	}
	if ended == nil {
		return
	}
	if !c.restarts(ended.ExitCode) {
		c.status.State = corev1.ContainerState{Terminated: ended}
		return
	}
	c.status.LastTerminationState = corev1.ContainerState{Terminated: ended}
	if old.State.Running != nil {
		c.status.RestartCount++
	}
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// sidecar tells a container that runs beside the others from one that runs
// before them.
func (c *container) sidecar() bool {
	return c.init && c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// restarts tells whether the container runs again after it ended with a code.
func (c *container) restarts(code int32) bool {
	if c.sidecar() {
		return true
	}
	switch policy := c.run.pod().Spec.RestartPolicy; policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	default: // Always; an init container that went well has done its part.
		return !c.init || code != 0
	}
}

// live runs the container, again and again if need be, until the context ends.
func (c *container) live(ctx context.Context) {
	defer close(c.done)
	if c.exitedForGood() {
		return
	}
	backoff := firstBackoff
	for {
		cmd, err := c.command(ctx)
		if err != nil {
			c.set(func(s *corev1.ContainerStatus) { s.State = waiting("CreateContainerConfigError", err.Error()) })
			if !pause(ctx, configRetry) {
				return
			}
			continue
		}
		began := time.Now()
		code := c.once(ctx, cmd)
		if ctx.Err() != nil || !c.restarts(code) {
			return
		}
		if time.Since(began) > maxBackoff {
			backoff = firstBackoff
		}
		c.set(func(s *corev1.ContainerStatus) {
			s.LastTerminationState = s.State
			s.State = waiting("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s", backoff, c.spec.Name))
		})
		if !pause(ctx, backoff) {
			return
		}
		backoff = min(2*backoff, maxBackoff)
		c.set(func(s *corev1.ContainerStatus) { s.RestartCount++ })
	}
}

func (c *container) exitedForGood() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status.State.Terminated != nil
}

// once runs one process to its end and returns its exit code.
func (c *container) once(ctx context.Context, cmd *exec.Cmd) int32 {
	p, err := c.start(cmd)
	if err != nil {
		now := metav1.Now()
		c.set(func(s *corev1.ContainerStatus) {
			s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 128, Reason: "StartError", Message: err.Error(), StartedAt: now, FinishedAt: now,
			}}
		})
		return 128
	}
	id := fmt.Sprintf("process://%d", p.cmd.Process.Pid)
	started := metav1.Now()
	c.set(func(s *corev1.ContainerStatus) {
		up := c.spec.StartupProbe == nil
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
		s.ContainerID, s.ImageID = id, "file://"+p.cmd.Path
		s.Started, s.Ready = &up, up && c.spec.ReadinessProbe == nil
	})

	probing, stopProbing := context.WithCancel(ctx)
	unwell := make(chan verdict, 1)
	go c.examine(probing, cmd, unwell)
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.stop(c.run.patience(terminationGrace(c.run.pod())))
	case bad := <-unwell:
		klog.InfoS("fake kubelet: a container failed its probe", "pod", klog.KObj(c.run.pod()), "container", c.spec.Name, "probe", bad.probe, "because", bad.why)
		c.set(func(s *corev1.ContainerStatus) { s.Ready = false })
		p.stop(c.run.patience(bad.grace))
	}
	stopProbing()
	ended := corev1.ContainerStateTerminated{
		ExitCode: p.code, Reason: "Completed", StartedAt: started, FinishedAt: metav1.Now(), ContainerID: id,
	}
	if p.code != 0 {
		ended.Reason = "Error"
		if c.spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError {
			ended.Message = lastOf(c.log())
		}
	}
	no := false
	c.set(func(s *corev1.ContainerStatus) {
		s.State = corev1.ContainerState{Terminated: &ended}
		s.Started = &no
		// An init container that went well stays ready, as everywhere.
		s.Ready = c.init && !c.sidecar() && p.code == 0
	})
	return p.code
}

// start starts the process with its output appended to the container's log.
func (c *container) start(cmd *exec.Cmd) (*process, error) {
	if err := os.MkdirAll(filepath.Dir(c.log()), 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	begins, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.previousLog, c.newestLog = c.newestLog, begins
	c.mu.Unlock()
	cmd.Stdout, cmd.Stderr = log, log
	return c.run.host.starter.start(cmd)
}

// log is the file with everything that the container's processes printed.
func (c *container) log() string { return filepath.Join(c.run.logDir(), c.spec.Name+".log") }

// lastOf is the end of a file, of a length that fits into a status.
func lastOf(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content[max(len(content)-2048, 0):])
}

// set changes the status and has it written if it is another one then.
func (c *container) set(change func(*corev1.ContainerStatus)) {
	c.mu.Lock()
	old := c.status.DeepCopy()
	change(&c.status)
	changed := !apiequality.Semantic.DeepEqual(*old, c.status)
	started := c.status.Started != nil && *c.status.Started
	c.mu.Unlock()
	if started {
		c.upOnce.Do(func() { close(c.up) })
	}
	if changed {
		c.run.changed()
	}
}

func (c *container) snapshot() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}

// hasStarted tells whether a process of the container ever ran.
func (c *container) hasStarted() bool {
	s := c.snapshot()
	return s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil
}

// exit is the code of the container's last process; 0 if it never ran.
func (c *container) exit() int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended := c.status.State.Terminated; ended != nil {
		return ended.ExitCode
	}
	return 0
}
