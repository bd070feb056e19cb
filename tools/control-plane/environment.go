package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// command prepares the process of a container from the Pod, and from nothing
// else: its files, its environment, its arguments.
func (c *container) command(ctx context.Context) (*exec.Cmd, error) {
	if err := c.mayRun(); err != nil {
		return nil, err
	}
	variables, err := c.environment(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.variables = variables
	c.mu.Unlock()
	if err := c.makeTree(); err != nil {
		return nil, err
	}
	argv, err := c.argv(ctx, c.spec.Command, c.spec.Args)
	if err != nil {
		return nil, err
	}
	environment := map[string]string{"HOME": c.root(), "PATH": "/usr/local/bin:/usr/bin:/bin"}
	if err := c.giveAccess(environment); err != nil {
		return nil, err
	}
	for name, value := range variables {
		environment[name] = c.local(value)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = c.root()
	if c.spec.WorkingDir != "" {
		cmd.Dir = c.local(c.spec.WorkingDir)
	}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	sort.Strings(cmd.Env)
	return cmd, nil
}

// mayRun refuses what a kubelet would refuse.
func (c *container) mayRun() error {
	var user *int64
	nonRoot := false
	if s := c.run.pod().Spec.SecurityContext; s != nil {
		user = s.RunAsUser
		nonRoot = s.RunAsNonRoot != nil && *s.RunAsNonRoot
	}
	if s := c.spec.SecurityContext; s != nil {
		if s.RunAsUser != nil {
			user = s.RunAsUser
		}
		if s.RunAsNonRoot != nil {
			nonRoot = *s.RunAsNonRoot
		}
	}
	if nonRoot && user != nil && *user == 0 {
		return fmt.Errorf("container's runAsUser breaks non-root policy")
	}
	return nil
}

// argv is what is executed. The program that stands for the image is its entry
// point, and the only one of its programs that can be named.
func (c *container) argv(ctx context.Context, command, args []string) ([]string, error) {
	program, found := c.run.host.images.program(c.spec.Image)
	if !found {
		return nil, fmt.Errorf("no program stands for the image %s", c.spec.Image)
	}
	if len(command) > 0 {
		if filepath.Base(command[0]) != filepath.Base(program) {
			return nil, fmt.Errorf("the image %s has no program %s, only %s", c.spec.Image, command[0], filepath.Base(program))
		}
		command = command[1:]
	}
	argv := []string{program}
	for _, arg := range slices.Concat(command, args) {
		arg, err := c.reachable(ctx, c.expand(arg))
		if err != nil {
			return nil, err
		}
		argv = append(argv, c.local(arg))
	}
	return argv, nil
}

// expand replaces references to variables of the container's environment.
func (c *container) expand(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return expansion.Expand(text, expansion.MappingFuncFor(c.variables))
}

// environment is what the Pod says, in the order in which the kubelet reads it,
// and the little that every container has.
func (c *container) environment(ctx context.Context) (map[string]string, error) {
	server, err := url.Parse(c.run.host.server)
	if err != nil {
		return nil, err
	}
	environment := map[string]string{
		"KUBERNETES_SERVICE_HOST": server.Hostname(),
		"KUBERNETES_SERVICE_PORT": server.Port(),
		"HOSTNAME":                c.run.pod().Name,
	}
	for _, from := range c.spec.EnvFrom {
		data, err := c.all(ctx, from)
		if err != nil {
			return nil, err
		}
		for name, value := range data {
			environment[from.Prefix+name] = value
		}
	}
	for _, variable := range c.spec.Env {
		value, found := expansion.Expand(variable.Value, expansion.MappingFuncFor(environment)), true
		if from := variable.ValueFrom; from != nil {
			if value, found, err = c.valueFrom(ctx, from); err != nil {
				return nil, fmt.Errorf("variable %s: %w", variable.Name, err)
			}
		}
		if found {
			environment[variable.Name] = value
		}
	}
	return environment, nil
}

// all is every pair of a ConfigMap or Secret; none if it is optional and absent.
func (c *container) all(ctx context.Context, from corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case from.ConfigMapRef != nil:
		data, _, err := c.run.configMap(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		return data, err
	case from.SecretRef != nil:
		data, _, err := c.run.secret(ctx, from.SecretRef.Name, from.SecretRef.Optional)
		return data, err
	}
	return nil, nil
}

// valueFrom is the value of a variable that is kept elsewhere. False: there is
// none, and the Pod says that there need not be.
func (c *container) valueFrom(ctx context.Context, from *corev1.EnvVarSource) (value string, found bool, err error) {
	switch {
	case from.FieldRef != nil:
		value, err = c.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = resource.ExtractContainerResourceValue(from.ResourceFieldRef, c.spec)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, there, err := c.run.configMap(ctx, ref.Name, ref.Optional)
		return pick("configmap", ref.Name, ref.Key, ref.Optional, data, there, err)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, there, err := c.run.secret(ctx, ref.Name, ref.Optional)
		return pick("secret", ref.Name, ref.Key, ref.Optional, data, there, err)
	}
	return "", false, fmt.Errorf("this kind of source is not imitated")
}

func pick(kind, name, key string, optional *bool, data map[string]string, there bool, err error) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, found := data[key]
	if !found && there && !isTrue(optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s %s", key, kind, name)
	}
	return value, found, nil
}

// field is a field of the Pod as the process shall see it: its own address is
// the one where it can listen.
func (c *container) field(path string) (string, error) {
	pod := c.run.pod()
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return "127.0.0.1", nil
	case "status.podIP", "status.podIPs":
		return c.run.address, nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, path)
}

// configMap is the text of a ConfigMap; false if it is absent and may be.
func (r *podRun) configMap(ctx context.Context, name string, optional *bool) (map[string]string, bool, error) {
	object, err := r.host.client.CoreV1().ConfigMaps(r.pod().Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, false, unlessOptional(err, optional)
	}
	return object.Data, true, nil
}

// secret is the text of a Secret; false if it is absent and may be.
func (r *podRun) secret(ctx context.Context, name string, optional *bool) (map[string]string, bool, error) {
	object, err := r.host.client.CoreV1().Secrets(r.pod().Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, false, unlessOptional(err, optional)
	}
	data := map[string]string{}
	for key, value := range object.Data {
		data[key] = string(value)
	}
	return data, true, nil
}

func unlessOptional(err error, optional *bool) error {
	if apierrors.IsNotFound(err) && isTrue(optional) {
		return nil
	}
	return err
}

func isTrue(b *bool) bool { return b != nil && *b }

// hostPort joins what a URL names, without a port if there is none.
func hostPort(host, port string) string {
	if port == "" {
		return host
	}
	return net.JoinHostPort(host, port)
}
