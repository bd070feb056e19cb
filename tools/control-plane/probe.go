package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	probehttp "k8s.io/kubernetes/pkg/probe/http"
	probetcp "k8s.io/kubernetes/pkg/probe/tcp"
)

// eager is the time between two probes of a container that was not yet found
// started or ready: nobody shall wait for the rest of a period.
const eager = 200 * time.Millisecond

// verdict says that a container must be ended, and how.
type verdict struct {
	probe, why string
	grace      time.Duration
}

// examine runs the container's probes until the context ends, or until one of
// them finds the container unwell.
func (c *container) examine(ctx context.Context, beside *exec.Cmd, unwell chan<- verdict) {
	condemn := func(name string, p *corev1.Probe, why string) {
		grace := terminationGrace(c.run.pod())
		if p.TerminationGracePeriodSeconds != nil {
			grace = time.Duration(*p.TerminationGracePeriodSeconds) * time.Second
		}
		select {
		case unwell <- verdict{name, why, grace}:
		default:
		}
	}
	if p := c.spec.StartupProbe; p != nil {
		if why, well := c.startup(ctx, beside, p); !well {
			if ctx.Err() == nil {
				condemn("startup", p, why)
			}
			return
		}
	}
	if p := c.spec.ReadinessProbe; p != nil {
		go c.repeat(ctx, beside, p, eager, func(well bool, _ string) bool {
			c.ready(ctx, well)
			return true
		})
	}
	if p := c.spec.LivenessProbe; p != nil {
		c.repeat(ctx, beside, p, period(p), func(well bool, why string) bool {
			if !well {
				condemn("liveness", p, why)
			}
			return well
		})
	}
}

// startup waits until the startup probe succeeds, as long as all its failures
// would take.
func (c *container) startup(ctx context.Context, beside *exec.Cmd, p *corev1.Probe) (string, bool) {
	patience := time.Duration(p.InitialDelaySeconds)*time.Second + time.Duration(p.FailureThreshold)*period(p)
	end := time.Now().Add(patience)
	well, why := false, ""
	c.repeat(ctx, beside, p, eager, func(now bool, because string) bool {
		well, why = now, because
		return !well && time.Now().Before(end)
	})
	if well {
		yes := true
		c.setIf(ctx, func(s *corev1.ContainerStatus) {
			s.Started, s.Ready = &yes, c.spec.ReadinessProbe == nil
		})
	}
	return why, well
}

// repeat probes and tells each result that crosses its threshold, until it is
// told to stop. Before the first success it waits only so long between two.
func (c *container) repeat(ctx context.Context, beside *exec.Cmd, p *corev1.Probe, before time.Duration, tell func(well bool, why string) bool) {
	if !pause(ctx, time.Duration(p.InitialDelaySeconds)*time.Second) {
		return
	}
	wait := before
	var good, bad int32
	for {
		err := c.probe(ctx, beside, p)
		if ctx.Err() != nil {
			return
		}
		why, enough := "", false
		if err == nil {
			good, bad = good+1, 0
			if enough = good >= p.SuccessThreshold; enough {
				wait = period(p)
			}
		} else {
			good, bad = 0, bad+1
			why, enough = err.Error(), bad >= p.FailureThreshold || before == eager && wait == eager
		}
		if enough && !tell(err == nil, why) {
			return
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// probe asks once.
func (c *container) probe(ctx context.Context, beside *exec.Cmd, p *corev1.Probe) error {
	timeout := time.Duration(p.TimeoutSeconds) * time.Second
	switch {
	case p.HTTPGet != nil:
		request, err := probehttp.NewRequestForHTTPGetAction(p.HTTPGet, c.spec, c.run.address, "probe")
		if err != nil {
			return err
		}
		return asError(probehttp.New(false).Probe(request, timeout))
	case p.TCPSocket != nil:
		port, err := probe.ResolveContainerPort(p.TCPSocket.Port, c.spec)
		if err != nil {
			return err
		}
		host := p.TCPSocket.Host
		if host == "" {
			host = c.run.address
		}
		return asError(probetcp.New().Probe(host, port, timeout))
	case p.Exec != nil:
		return c.exec(ctx, beside, p.Exec.Command, timeout)
	}
	return fmt.Errorf("this kind of probe is not imitated")
}

func asError(result probe.Result, output string, err error) error {
	if err == nil && result != probe.Success && result != probe.Warning {
		err = fmt.Errorf("%s: %s", result, output)
	}
	return err
}

// exec runs a command in the environment of the container's process.
func (c *container) exec(ctx context.Context, beside *exec.Cmd, command []string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	argv, err := c.argv(ctx, command, nil)
	if err != nil {
		return err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = beside.Env, beside.Dir
	p, err := c.run.host.starter.start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.kill()
		return ctx.Err()
	}
	if p.code != 0 {
		return fmt.Errorf("%s: exit code %d", command[0], p.code)
	}
	return nil
}

// ready says whether the container is ready, unless its process has ended.
func (c *container) ready(ctx context.Context, ready bool) {
	c.setIf(ctx, func(s *corev1.ContainerStatus) { s.Ready = ready })
}

// setIf changes the status as long as the context lives: a late answer must
// not make a container ready that has ended.
func (c *container) setIf(ctx context.Context, change func(*corev1.ContainerStatus)) {
	c.set(func(s *corev1.ContainerStatus) {
		if ctx.Err() == nil && s.State.Running != nil {
			change(s)
		}
	})
}

func period(p *corev1.Probe) time.Duration { return time.Duration(p.PeriodSeconds) * time.Second }
