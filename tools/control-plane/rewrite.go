package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/probe"
)

// A process of this machine has no file system and no network of its own. So
// what a Pod says of paths and addresses is put into terms of this machine.

// wildcard is an address that stands for all of the pod's own.
var wildcard = regexp.MustCompile(`(^|[^0-9.])(?:0\.0\.0\.0|\[::\]):([0-9]{1,5})\b`)

// local rewrites the paths below which something is mounted, and the address to
// listen on.
func (c *container) local(text string) string {
	text = wildcard.ReplaceAllString(text, "${1}"+c.run.address+":${2}")
	var out strings.Builder
	for len(text) > 0 {
		begin, end := nextPath(text)
		out.WriteString(text[:begin])
		token := text[begin:end]
		if c.isMounted(token) {
			out.WriteString(c.root())
		}
		out.WriteString(token)
		text = text[end:]
	}
	return out.String()
}

// nextPath finds what may be an absolute path: it does not begin in the middle
// of a relative one, and ends where paths in arguments usually end.
func nextPath(text string) (begin, end int) {
	for begin = 0; begin < len(text); begin++ {
		if text[begin] == '/' && (begin == 0 || !isPathByte(text[begin-1])) {
			for end = begin; end < len(text) && isPathByte(text[end]); end++ {
			}
			return begin, end
		}
	}
	return len(text), len(text)
}

func isPathByte(b byte) bool {
	return b == '/' || b == '.' || b == '-' || b == '_' || b == '@' || b == '+' || b == '~' ||
		'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// isMounted tells whether a path is a mount, below one, or a directory on the
// way to one.
func (c *container) isMounted(token string) bool {
	clean := path.Clean(token)
	if clean == "/" || strings.HasPrefix(token, "//") {
		return false
	}
	for _, mount := range c.spec.VolumeMounts {
		at := path.Clean(mount.MountPath)
		if clean == at || isBelow(clean, at) || isBelow(at, clean) {
			return true
		}
	}
	return false
}

func isBelow(inner, outer string) bool { return strings.HasPrefix(inner, outer+"/") }

// root is the directory that stands for the container's file system. Only what
// is mounted is in it.
func (c *container) root() string { return filepath.Join(c.dir(), "root") }

// dir holds what belongs to the container alone.
func (c *container) dir() string { return filepath.Join(c.run.dir, "containers", c.spec.Name) }

var serviceURL = regexp.MustCompile(`\b(https?)://([a-z0-9][-a-z0-9.]*)(?::([0-9]{1,5}))?`)

// reachable rewrites URLs of Services of this cluster to one of the ready pods
// behind them, as it is now.
func (c *container) reachable(ctx context.Context, text string) (string, error) {
	var failed error
	text = serviceURL.ReplaceAllStringFunc(text, func(match string) string {
		parts := serviceURL.FindStringSubmatch(match)
		address, err := c.run.backend(ctx, parts[1], parts[2], parts[3])
		if err != nil {
			failed = err
		}
		if address == "" {
			return match
		}
		return parts[1] + "://" + address
	})
	return text, failed
}

// backend is where a Service's pod listens; empty if the host names no Service.
func (r *podRun) backend(ctx context.Context, scheme, host, port string) (string, error) {
	labels := strings.Split(host, ".")
	name, namespace := labels[0], r.pod().Namespace
	if len(labels) > 1 {
		namespace = labels[1]
	}
	if len(labels) > 2 && labels[2] != "svc" {
		return "", nil
	}
	service, err := r.host.client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	pod, err := r.host.readyPod(ctx, service)
	if err != nil {
		return "", err
	}
	if pod == nil {
		// Refused at once, as a Service without endpoints does.
		return hostPort(r.address, "1"), nil
	}
	for _, p := range service.Spec.Ports {
		if strconv.Itoa(int(p.Port)) == port {
			target, err := targetPort(p.TargetPort, p.Port, pod)
			return hostPort(loopback(pod.Status.PodIP), target), err
		}
	}
	return hostPort(r.address, "1"), nil
}

// readyPod is one of the pods behind a Service that are ready and really run.
func (h *host) readyPod(ctx context.Context, service *corev1.Service) (*corev1.Pod, error) {
	if len(service.Spec.Selector) == 0 {
		return nil, nil
	}
	pods, err := h.client.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String(),
	})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp == nil && isReady(pod) && h.images.runs(pod) {
			return pod, nil
		}
	}
	return nil, nil
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func targetPort(target intstr.IntOrString, port int32, pod *corev1.Pod) (string, error) {
	if target.Type == intstr.Int {
		if target.IntVal != 0 {
			port = target.IntVal
		}
		return strconv.Itoa(int(port)), nil
	}
	for i := range pod.Spec.Containers {
		if number, err := probe.ResolveContainerPort(target, &pod.Spec.Containers[i]); err == nil {
			return strconv.Itoa(number), nil
		}
	}
	return "", fmt.Errorf("no container of the pod %s has a port %s", pod.Name, target.String())
}
