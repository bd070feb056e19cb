package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

const nodeName = "node-1"

// kubelet stands in for the scheduler and a kubelet: it binds every pod to one
// node, says that it runs and is ready, and lets go of it when it is deleted.
// Only pods that its host has programs for are really run.
type kubelet struct {
	client  kubernetes.Interface
	network *network
	host    *host
	// logPort is where the API server asks for logs; 0: nowhere.
	logPort int32
	queue   workqueue.TypedRateLimitingInterface[cache.ObjectName]
	ready   atomic.Bool
}

func newKubelet(client kubernetes.Interface, network *network, host *host) *kubelet {
	return &kubelet{
		client: client, network: network, host: host,
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](10*time.Millisecond, 5*time.Second)),
	}
}

// registered tells whether the node is there and pods are being watched.
func (k *kubelet) registered() bool { return k.ready.Load() }

// run takes care of all pods until the context ends.
func (k *kubelet) run(ctx context.Context) error {
	defer k.queue.ShutDown()
	if err := k.register(ctx); err != nil {
		return fmt.Errorf("registering the node: %w", err)
	}
	factory := informers.NewSharedInformerFactory(k.client, 0)
	pods := factory.Core().V1().Pods()
	enqueue := func(object any) {
		if name, err := cache.ObjectToName(object); err == nil {
			k.queue.Add(name)
		}
	}
	if _, err := pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
		DeleteFunc: k.removed,
	}); err != nil {
		return err
	}
	if err := k.host.watchSources(factory); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), pods.Informer().HasSynced) {
		return ctx.Err()
	}
	known, err := pods.Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	k.host.removeStrangers(known)
	defer k.host.stop()
	k.ready.Store(true)
	go func() {
		<-ctx.Done()
		k.queue.ShutDown()
	}()

	for {
		name, shutdown := k.queue.Get()
		if shutdown {
			return nil
		}
		pod, err := pods.Lister().Pods(name.Namespace).Get(name.Name)
		if err == nil {
			err = k.advance(ctx, pod)
		}
		k.retry(name, err)
		k.queue.Done(name)
	}
}

// retry has a failed step done again. Conflicts and pods that are gone are the
// normal way that a stale cache shows; the next event or try puts them right.
func (k *kubelet) retry(name cache.ObjectName, err error) {
	if err == nil || apierrors.IsNotFound(err) {
		k.queue.Forget(name)
		return
	}
	if !apierrors.IsConflict(err) {
		klog.ErrorS(err, "fake kubelet: will try again", "pod", name)
	}
	k.queue.AddRateLimited(name)
}

// advance takes a pod one step further. The event that the step causes brings
// it back for the next one.
func (k *kubelet) advance(ctx context.Context, pod *corev1.Pod) error {
	pods := k.client.CoreV1().Pods(pod.Namespace)
	switch {
	case pod.DeletionTimestamp != nil:
		if pod.Spec.NodeName != "" && pod.Spec.NodeName != nodeName || k.host.sync(pod) {
			return nil
		}
		return removePod(ctx, k.client, pod)
	case pod.Spec.NodeName == "":
		return pods.Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: nodeName},
		}, metav1.CreateOptions{})
	case pod.Spec.NodeName == nodeName && k.host.images.runs(pod):
		k.host.sync(pod)
	case pod.Spec.NodeName == nodeName && pod.Status.Phase == corev1.PodPending:
		pod = pod.DeepCopy() // What a lister returns belongs to the cache.
		k.start(&pod.Status, pod.Spec.Containers)
		_, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		return err
	}
	return nil
}

// removed takes notice of a pod that is gone from the API.
func (k *kubelet) removed(object any) {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	if pod, ok := object.(*corev1.Pod); ok {
		k.host.gone(pod.UID)
	}
}

// removePod lets go of a deleted pod.
func removePod(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	now := int64(0)
	return client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now,
		Preconditions:      &metav1.Preconditions{UID: &pod.UID},
	})
}

// start fills in the status of a pod whose containers are all said to run.
func (k *kubelet) start(status *corev1.PodStatus, containers []corev1.Container) {
	now := metav1.Now()
	status.Phase = corev1.PodRunning
	status.StartTime = &now
	status.HostIP = "127.0.0.1"
	status.PodIP = k.network.podIP()
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	status.Conditions = nil
	for _, condition := range []corev1.PodConditionType{
		corev1.PodScheduled, corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{
			Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: now,
		})
	}
	status.ContainerStatuses = nil
	started := true
	for _, c := range containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true, Started: &started,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
	}
}

// register makes the node and says that it is ready. Nothing watches its
// heartbeat, so saying it once is enough.
func (k *kubelet) register(ctx context.Context) error {
	nodes := k.client.CoreV1().Nodes()
	node, err := nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:   nodeName,
		Labels: map[string]string{corev1.LabelHostname: nodeName, corev1.LabelOSStable: "linux"},
	}}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) { // From an earlier run on the same directory.
		node, err = nodes.Get(ctx, nodeName, metav1.GetOptions{})
	}
	if err != nil {
		return err
	}
	now := metav1.Now()
	node.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "FakeKubelet",
		LastHeartbeatTime: now, LastTransitionTime: now,
	}}
	node.Status.Capacity = corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("32"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   resource.MustParse("1000"),
	}
	node.Status.Allocatable = node.Status.Capacity
	if k.logPort != 0 {
		announceLogs(&node.Status, k.logPort)
	}
	_, err = nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

// podsCanStart tells whether the namespace default has its service account:
// until the controllers have made it, every pod is refused.
func podsCanStart(ctx context.Context, client kubernetes.Interface) bool {
	_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err == nil
}
