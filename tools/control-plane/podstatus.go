package main

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fill brings a status up to date. It tells whether anything changed.
func (r *podRun) fill(status *corev1.PodStatus) bool {
	old := status.DeepCopy()
	r.mu.Lock()
	mounted, initialized, message, finished := r.mounted, r.initialized, r.message, r.finished
	r.mu.Unlock()

	status.HostIP, status.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
	status.PodIP, status.PodIPs = r.ip, []corev1.PodIP{{IP: r.ip}}
	if status.StartTime == nil {
		status.StartTime = &r.started
	}
	status.InitContainerStatuses = statuses(r.inits, message)
	status.ContainerStatuses = statuses(r.mains, message)

	running, ready := initialized, initialized && finished == ""
	for _, c := range r.mains {
		running = running && c.hasStarted()
	}
	for _, s := range append(status.ContainerStatuses, sidecarStatuses(r.inits)...) {
		ready = ready && s.Ready
	}
	switch {
	case finished != "":
		status.Phase = finished
	case running, old.Phase == corev1.PodRunning: // Never back to Pending.
		status.Phase = corev1.PodRunning
	default:
		status.Phase = corev1.PodPending
	}
	setCondition(status, corev1.PodScheduled, true, "")
	setCondition(status, corev1.PodReadyToStartContainers, mounted, "")
	setCondition(status, corev1.PodInitialized, initialized, "ContainersNotInitialized")
	notReady := "ContainersNotReady"
	if finished == corev1.PodSucceeded {
		notReady = "PodCompleted"
	}
	setCondition(status, corev1.ContainersReady, ready, notReady)
	setCondition(status, corev1.PodReady, ready, notReady)
	return !apiequality.Semantic.DeepEqual(old, status)
}

func statuses(containers []*container, waitingFor string) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, c := range containers {
		s := c.snapshot()
		if s.State.Waiting != nil && s.State.Waiting.Message == "" && waitingFor != "" {
			s.State.Waiting.Message = waitingFor
		}
		all = append(all, s)
	}
	return all
}

func sidecarStatuses(inits []*container) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, c := range inits {
		if c.sidecar() {
			all = append(all, c.snapshot())
		}
	}
	return all
}

// setCondition keeps the time of the last transition when nothing changed.
func setCondition(status *corev1.PodStatus, kind corev1.PodConditionType, holds bool, reasonOtherwise string) {
	condition := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}
	if !holds {
		condition.Status, condition.Reason = corev1.ConditionFalse, reasonOtherwise
	}
	for i := range status.Conditions {
		if status.Conditions[i].Type != kind {
			continue
		}
		if status.Conditions[i].Status == condition.Status {
			condition.LastTransitionTime = status.Conditions[i].LastTransitionTime
		}
		status.Conditions[i] = condition
		return
	}
	status.Conditions = append(status.Conditions, condition)
}
