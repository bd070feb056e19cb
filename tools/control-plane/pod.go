package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

const (
	// mountRetry is the time between two tries to have the volumes of a pod.
	// What is awaited usually wakes the pod before.
	mountRetry = 2 * time.Second
	// refresh is how often files are compared with their sources without being
	// told that these changed: for tokens, which age.
	refresh = 20 * time.Second
)

// podRun is one pod's life as processes.
type podRun struct {
	host    *host
	current atomic.Pointer[corev1.Pod]
	// ip is the address that the API shows, address where the pod listens.
	ip, address string
	dir         string

	// ctx ends when the pod shall end.
	ctx    context.Context
	cancel context.CancelFunc
	// over and gone belong to the host, under its lock: nothing runs any more;
	// the API does not know the pod any more.
	over, gone bool
	// woken has the volumes looked at now, dirty the status written.
	woken, dirty chan struct{}

	inits, mains []*container

	mu sync.Mutex
	// deadline is when what still runs of an ending pod is killed.
	deadline time.Time
	// remove: the pod shall be gone from the API when its processes are.
	remove      bool
	mounted     bool
	initialized bool
	// message says what the pod waits for.
	message  string
	finished corev1.PodPhase
	started  metav1.Time
}

func newPodRun(host *host, pod *corev1.Pod) *podRun {
	r := &podRun{
		host:  host,
		ip:    host.network.podIP(),
		dir:   filepath.Join(host.dir, string(pod.UID)),
		woken: make(chan struct{}, 1), dirty: make(chan struct{}, 1),
		started: metav1.Now(),
	}
	r.address = loopback(r.ip)
	r.current.Store(pod)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for i := range pod.Spec.InitContainers {
		r.inits = append(r.inits, newContainer(r, &pod.Spec.InitContainers[i], pod.Status.InitContainerStatuses, true))
	}
	for i := range pod.Spec.Containers {
		r.mains = append(r.mains, newContainer(r, &pod.Spec.Containers[i], pod.Status.ContainerStatuses, false))
	}
	return r
}

func (r *podRun) pod() *corev1.Pod { return r.current.Load() }

// update takes the newest labels and annotations, which files may show.
func (r *podRun) update(pod *corev1.Pod) {
	old := r.current.Swap(pod)
	if !maps.Equal(old.Labels, pod.Labels) || !maps.Equal(old.Annotations, pod.Annotations) {
		r.wake()
	}
}

func (r *podRun) wake()    { nudge(r.woken) }
func (r *podRun) changed() { nudge(r.dirty) }

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// end has the pod end. A later call can only shorten the grace.
func (r *podRun) end(grace time.Duration, remove bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if deadline := time.Now().Add(grace); r.deadline.IsZero() || deadline.Before(r.deadline) {
		r.deadline = deadline
	}
	r.remove = r.remove || remove
	r.cancel()
}

// interrupted tells whether the pod ends only because the control plane does. The
// API says nothing of that: the next serve finds a pod whose processes died.
func (r *podRun) interrupted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ctx.Err() != nil && !r.remove
}

// patience is how long a process that was asked to end may still take: what its
// own grace leaves or, when the pod ends, that of the pod.
func (r *podRun) patience(grace time.Duration) func() time.Duration {
	end := time.Now().Add(grace)
	return func() time.Duration {
		if r.ctx.Err() == nil {
			return time.Until(end)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		return time.Until(r.deadline)
	}
}

// live runs the pod until it ends, by itself or because it shall.
func (r *podRun) live() {
	reports := make(chan struct{})
	stopReports := make(chan struct{})
	go func() {
		defer close(reports)
		r.report(stopReports)
	}()
	r.changed()
	if r.mount() {
		refreshed := make(chan struct{})
		fresh, stale := context.WithCancel(context.Background())
		go func() {
			defer close(refreshed)
			r.keepFresh(fresh)
		}()
		phase := r.play()
		stale()
		<-refreshed
		r.mu.Lock()
		r.finished = phase
		r.mu.Unlock()
	}
	r.changed()
	close(stopReports)
	<-reports
	r.leave()
}

// leave removes what need not stay.
func (r *podRun) leave() {
	r.mu.Lock()
	remove, finished := r.remove, r.finished
	r.mu.Unlock()
	if !remove && finished == "" {
		return // The control plane ends; the pod goes on with its next start.
	}
	if err := os.RemoveAll(r.dir); err != nil {
		klog.ErrorS(err, "fake kubelet: removing the files of a pod", "pod", klog.KObj(r.pod()))
	}
	for tries := 0; remove && tries < 20; tries++ {
		err := removePod(context.Background(), r.host.client, r.pod())
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return
		}
		klog.ErrorS(err, "fake kubelet: removing a pod that has ended", "pod", klog.KObj(r.pod()))
		time.Sleep(250 * time.Millisecond)
	}
}

// mount makes the pod's volumes, however long it takes until all are there.
func (r *podRun) mount() bool {
	for {
		err := r.syncVolumes(r.ctx)
		r.mu.Lock()
		r.mounted, r.message = err == nil, ""
		if err != nil {
			r.message = err.Error()
		}
		r.mu.Unlock()
		r.changed()
		if err == nil {
			return r.ctx.Err() == nil
		}
		timer := time.NewTimer(mountRetry)
		select {
		case <-r.ctx.Done():
			timer.Stop()
			return false
		case <-r.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// keepFresh has the files follow their sources.
func (r *podRun) keepFresh(ctx context.Context) {
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.woken:
		case <-tick.C:
		}
		if err := r.syncVolumes(ctx); err != nil && ctx.Err() == nil {
			klog.InfoS("fake kubelet: the files of a pod stay as they are", "pod", klog.KObj(r.pod()), "because", err)
		}
	}
}

// play runs the containers in their order. It returns how the pod finished, or
// nothing when it was ended.
func (r *podRun) play() corev1.PodPhase {
	var sidecars []*container
	// The last that started ends first, and all after those they serve.
	defer func() {
		for i := len(sidecars) - 1; i >= 0; i-- {
			sidecars[i].cancel()
			<-sidecars[i].done
		}
	}()
	for _, c := range r.inits {
		if c.sidecar() {
			sidecars = append(sidecars, c)
			go c.live(c.ctx)
			select {
			case <-c.up:
			case <-r.ctx.Done():
				return ""
			}
			continue
		}
		c.live(r.ctx)
		if r.ctx.Err() != nil {
			return ""
		}
		if c.exit() != 0 {
			return corev1.PodFailed
		}
	}
	r.mu.Lock()
	r.initialized = true
	r.mu.Unlock()
	r.changed()

	for _, c := range r.mains {
		go c.live(r.ctx)
	}
	phase := corev1.PodSucceeded
	for _, c := range r.mains {
		<-c.done
		if c.exit() != 0 {
			phase = corev1.PodFailed
		}
	}
	if r.ctx.Err() != nil {
		return ""
	}
	return phase
}

// report writes the status whenever it has changed, and once more at the end.
func (r *podRun) report(stop <-chan struct{}) {
	for {
		last := false
		select {
		case <-r.dirty:
		case <-stop:
			last = true
		}
		for tries := 0; ; tries++ {
			err := r.writeStatus()
			if err == nil || apierrors.IsNotFound(err) {
				break
			}
			if !apierrors.IsConflict(err) {
				klog.ErrorS(err, "fake kubelet: writing a pod's status", "pod", klog.KObj(r.pod()))
			}
			if apierrors.IsInvalid(err) || last && tries == 10 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if last {
			return
		}
	}
}

var errAnotherPod = errors.New("another pod has the name by now")

func (r *podRun) writeStatus() error {
	if r.interrupted() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	mine := r.pod()
	pods := r.host.client.CoreV1().Pods(mine.Namespace)
	pod, err := pods.Get(ctx, mine.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if pod.UID != mine.UID {
		return apierrors.NewNotFound(corev1.Resource("pods"), fmt.Sprintf("%s: %v", mine.Name, errAnotherPod))
	}
	if r.fill(&pod.Status) {
		_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	}
	return err
}

// logDir holds the logs of a pod, a file a container.
func (r *podRun) logDir() string {
	pod := r.pod()
	return filepath.Join(r.host.dir, strings.Join([]string{pod.Namespace, pod.Name, string(pod.UID)}, "_"))
}

// isLogDir tells a directory of logs from one named by a uid.
func isLogDir(name string) bool { return strings.Contains(name, "_") }
