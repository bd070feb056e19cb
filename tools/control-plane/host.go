package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/token"
)

// shutdownGrace is what pods get when the control plane ends, whatever they ask
// for: its caller waits.
const shutdownGrace = 5 * time.Second

// host runs pods as processes of this machine.
type host struct {
	client  kubernetes.Interface
	images  images
	network *network
	starter *starter
	tokens  *token.Manager
	// dir holds a directory a pod, named by its uid, and one with its logs.
	dir string
	// server is the API server's address.
	server string

	mu   sync.Mutex
	pods map[types.UID]*podRun
	runs sync.WaitGroup
}

func newHost(client kubernetes.Interface, images images, network *network, dir, server string) (*host, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &host{
		client: client, images: images, network: network, dir: dir, server: server,
		starter: newStarter(),
		tokens:  token.NewManager(client),
		pods:    map[types.UID]*podRun{},
	}, nil
}

// watchSources has the files of pods follow the Secrets and ConfigMaps that they
// are made of.
func (h *host) watchSources(factory informers.SharedInformerFactory) error {
	if len(h.images) == 0 {
		return nil
	}
	follow := func(informer cache.SharedIndexInformer, kind string) error {
		changed := func(object any) {
			if name, err := cache.DeletionHandlingObjectToName(object); err == nil {
				h.sourceChanged(kind, name)
			}
		}
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    changed,
			UpdateFunc: func(_, object any) { changed(object) },
			DeleteFunc: changed,
		})
		return err
	}
	if err := follow(factory.Core().V1().Secrets().Informer(), kindSecret); err != nil {
		return err
	}
	return follow(factory.Core().V1().ConfigMaps().Informer(), kindConfigMap)
}

func (h *host) sourceChanged(kind string, name cache.ObjectName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, run := range h.pods {
		if pod := run.pod(); pod.Namespace == name.Namespace && uses(pod, kind, name.Name) {
			run.wake()
		}
	}
}

// sync takes notice of a pod that is ours to run. It tells whether the pod is in
// its hands: otherwise nothing runs, and the caller may let go of it.
func (h *host) sync(pod *corev1.Pod) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	run := h.pods[pod.UID]
	deleted := pod.DeletionTimestamp != nil
	if run == nil {
		if deleted || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			return false
		}
		run = newPodRun(h, pod)
		h.pods[pod.UID] = run
		h.runs.Add(1)
		go func() {
			defer h.runs.Done()
			run.live()
			h.forget(run)
		}()
		return true
	}
	if run.over {
		return !deleted
	}
	run.update(pod)
	if deleted {
		run.end(deletionGrace(pod), true)
	}
	return true
}

// gone ends a pod that was removed from the API without waiting for us.
func (h *host) gone(uid types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	run := h.pods[uid]
	if run == nil {
		return
	}
	run.gone = true
	if run.over {
		delete(h.pods, uid)
		return
	}
	run.end(0, true)
}

// forget takes notice of a pod that has ended. As long as the API knows it, an
// old event could have it run once more, so it is only marked.
func (h *host) forget(run *podRun) {
	h.mu.Lock()
	defer h.mu.Unlock()
	run.over = true
	if run.gone {
		delete(h.pods, run.pod().UID)
	}
}

// removeStrangers removes what is left of pods that went while nothing ran here.
func (h *host) removeStrangers(pods []*corev1.Pod) {
	known := map[string]bool{}
	for _, pod := range pods {
		known[string(pod.UID)] = true
	}
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		klog.ErrorS(err, "fake kubelet: reading the directory of pods")
		return
	}
	for _, entry := range entries {
		if !known[entry.Name()] && !isLogDir(entry.Name()) {
			_ = os.RemoveAll(filepath.Join(h.dir, entry.Name()))
		}
	}
}

// stop ends all processes. Their pods stay, and run again with a later serve.
func (h *host) stop() {
	h.mu.Lock()
	for _, run := range h.pods {
		run.end(shutdownGrace, false)
	}
	h.mu.Unlock()
	h.runs.Wait()
}

func deletionGrace(pod *corev1.Pod) time.Duration {
	if pod.DeletionGracePeriodSeconds == nil {
		return terminationGrace(pod)
	}
	return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
}

func terminationGrace(pod *corev1.Pod) time.Duration {
	if pod.Spec.TerminationGracePeriodSeconds == nil {
		return corev1.DefaultTerminationGracePeriodSeconds * time.Second
	}
	return time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
}

// pause waits; false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
