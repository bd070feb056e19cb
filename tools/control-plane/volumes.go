package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"sort"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"
)

const (
	kindSecret    = "Secret"
	kindConfigMap = "ConfigMap"
	// tokenDir is where clients in a pod look for their access to the API.
	tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount"
	// kubeconfigName is the file that tells a process on this machine the same.
	kubeconfigName = "kubeconfig"
)

// files are the content of a volume.
type files = map[string]volumeutil.FileProjection

// syncVolumes makes each volume of the pod what it should be now. Files are
// written by the kubelet's own code: a new directory, and a link that is swapped.
func (r *podRun) syncVolumes(ctx context.Context) error {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	var errs []error
	for _, volume := range r.pod().Spec.Volumes {
		if err := r.syncVolume(ctx, &volume); err != nil {
			errs = append(errs, fmt.Errorf("volume %q: %w", volume.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (r *podRun) syncVolume(ctx context.Context, volume *corev1.Volume) error {
	dir := r.volumeDir(volume.Name)
	if volume.EmptyDir != nil {
		return os.MkdirAll(dir, 0o755)
	}
	content, err := r.content(ctx, volume)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, file := range content {
		// Such volumes cannot be written. Modes of files are all that can be had of
		// that: whoever removes DIR must be able to remove what is in it.
		file.Mode &= 0o555
		content[name] = file
	}
	writer, err := volumeutil.NewAtomicWriter(dir, r.pod().Name+" volume "+volume.Name)
	if err != nil {
		return err
	}
	return writer.Write(content, nil)
}

func (r *podRun) volumeDir(name string) string { return filepath.Join(r.dir, "volumes", name) }

// content is what a volume holds according to its sources.
func (r *podRun) content(ctx context.Context, volume *corev1.Volume) (files, error) {
	switch {
	case volume.Secret != nil:
		s := volume.Secret
		return r.secretFiles(ctx, s.SecretName, s.Items, s.DefaultMode, s.Optional)
	case volume.ConfigMap != nil:
		s := volume.ConfigMap
		return r.configMapFiles(ctx, s.Name, s.Items, s.DefaultMode, s.Optional)
	case volume.DownwardAPI != nil:
		return r.downwardFiles(volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		return r.projected(ctx, volume.Projected)
	}
	return nil, errors.New("this kind of volume is not imitated")
}

func (r *podRun) projected(ctx context.Context, volume *corev1.ProjectedVolumeSource) (files, error) {
	all := files{}
	for _, source := range volume.Sources {
		var part files
		var err error
		switch {
		case source.Secret != nil:
			s := source.Secret
			part, err = r.secretFiles(ctx, s.Name, s.Items, volume.DefaultMode, s.Optional)
		case source.ConfigMap != nil:
			s := source.ConfigMap
			part, err = r.configMapFiles(ctx, s.Name, s.Items, volume.DefaultMode, s.Optional)
		case source.DownwardAPI != nil:
			part, err = r.downwardFiles(source.DownwardAPI.Items, volume.DefaultMode)
		case source.ServiceAccountToken != nil:
			part, err = r.tokenFile(source.ServiceAccountToken)
		default:
			err = errors.New("this kind of source is not imitated")
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, part)
	}
	return all, nil
}

func (r *podRun) secretFiles(ctx context.Context, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (files, error) {
	object, err := r.host.client.CoreV1().Secrets(r.pod().Namespace).Get(ctx, name, metav1.GetOptions{})
	if err = unlessOptional(err, optional); err != nil {
		return nil, err
	}
	return secretPayload(items, object, mode, isTrue(optional))
}

func (r *podRun) configMapFiles(ctx context.Context, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (files, error) {
	object, err := r.host.client.CoreV1().ConfigMaps(r.pod().Namespace).Get(ctx, name, metav1.GetOptions{})
	if err = unlessOptional(err, optional); err != nil {
		return nil, err
	}
	return configMapPayload(items, object, mode, isTrue(optional))
}

func (r *podRun) downwardFiles(items []corev1.DownwardAPIVolumeFile, mode *int32) (files, error) {
	all := files{}
	for _, item := range items {
		var value string
		var err error
		if item.FieldRef != nil {
			value, err = (&container{run: r}).field(item.FieldRef.FieldPath)
		} else if item.ResourceFieldRef != nil {
			value, err = resource.ExtractResourceValueByContainerName(item.ResourceFieldRef, r.pod(), item.ResourceFieldRef.ContainerName)
		}
		if err != nil {
			return nil, err
		}
		itemMode := *mode
		if item.Mode != nil {
			itemMode = *item.Mode
		}
		all[path.Clean(item.Path)] = volumeutil.FileProjection{Data: []byte(value), Mode: itemMode}
	}
	return all, nil
}

// tokenFile is a token of the pod's ServiceAccount, bound to the pod, and another
// one before it expires.
func (r *podRun) tokenFile(source *corev1.ServiceAccountTokenProjection) (files, error) {
	pod := r.pod()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	answer, err := r.host.tokens.GetServiceAccountToken(pod.Namespace, pod.Spec.ServiceAccountName, request)
	if err != nil {
		return nil, err
	}
	return files{source.Path: {Data: []byte(answer.Status.Token), Mode: 0o600}}, nil
}

// uses tells whether files or variables of a pod come from an object.
func uses(pod *corev1.Pod, kind, name string) bool {
	for _, volume := range pod.Spec.Volumes {
		switch {
		case kind == kindSecret && volume.Secret != nil && volume.Secret.SecretName == name,
			kind == kindConfigMap && volume.ConfigMap != nil && volume.ConfigMap.Name == name:
			return true
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				if kind == kindSecret && source.Secret != nil && source.Secret.Name == name ||
					kind == kindConfigMap && source.ConfigMap != nil && source.ConfigMap.Name == name {
					return true
				}
			}
		}
	}
	return false
}

// makeTree makes the directory that stands for the container's file system, with
// a link to its volume at each place where one is mounted.
func (c *container) makeTree() error {
	if err := os.RemoveAll(c.dir()); err != nil {
		return err
	}
	if err := os.MkdirAll(c.root(), 0o755); err != nil {
		return err
	}
	mounts := append([]corev1.VolumeMount(nil), c.spec.VolumeMounts...)
	// What is mounted into another mount comes after it.
	sort.SliceStable(mounts, func(i, j int) bool { return len(mounts[i].MountPath) < len(mounts[j].MountPath) })
	for i, mount := range mounts {
		source, err := c.source(i, mount)
		if err != nil {
			return fmt.Errorf("mount %s: %w", mount.MountPath, err)
		}
		at := filepath.Join(c.root(), mount.MountPath)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		// A volume that outlives its containers may hold the link already.
		if old, err := os.Readlink(at); err == nil && old != source {
			_ = os.Remove(at)
		}
		if err := os.Symlink(source, at); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// source is what a mount shows: a volume, or a part of one.
func (c *container) source(number int, mount corev1.VolumeMount) (string, error) {
	sub := mount.SubPath
	if mount.SubPathExpr != "" {
		sub = c.expand(mount.SubPathExpr)
	}
	dir := c.run.volumeDir(mount.Name)
	if sub == "" {
		return dir, nil
	}
	if !filepath.IsLocal(sub) {
		return "", fmt.Errorf("subPath %q leads out of the volume", sub)
	}
	source := filepath.Join(dir, sub)
	if _, err := os.Lstat(filepath.Join(dir, "..data")); err == nil {
		// Files are renewed by a swap of links, which a part of the volume does
		// not see: it stays as it is now.
		frozen := filepath.Join(c.dir(), "parts", fmt.Sprint(number))
		return frozen, copyPart(source, frozen)
	}
	if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
		return source, os.MkdirAll(source, 0o755)
	}
	return source, nil
}

// copyPart copies a file, or the files of a directory, following links.
func copyPart(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, info.Mode().Perm())
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := copyPart(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// giveAccess names the API server and the mounted token in a kubeconfig, where
// the container has a token: clients look for it at a path that a process of
// this machine cannot have for itself.
func (c *container) giveAccess(environment map[string]string) error {
	if !c.hasToken() {
		return nil
	}
	at := filepath.Join(c.root(), tokenDir)
	config := clientcmdapi.NewConfig()
	config.Clusters[clusterName] = &clientcmdapi.Cluster{
		Server: c.run.host.server, CertificateAuthority: filepath.Join(at, "ca.crt"),
	}
	config.AuthInfos[clusterName] = &clientcmdapi.AuthInfo{TokenFile: filepath.Join(at, "token")}
	config.Contexts[clusterName] = &clientcmdapi.Context{
		Cluster: clusterName, AuthInfo: clusterName, Namespace: c.run.pod().Namespace,
	}
	config.CurrentContext = clusterName
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	file := filepath.Join(c.dir(), kubeconfigName)
	environment[clientcmd.RecommendedConfigPathEnvVar] = file
	return os.WriteFile(file, content, 0o600)
}

func (c *container) hasToken() bool {
	for _, mount := range c.spec.VolumeMounts {
		if path.Clean(mount.MountPath) == tokenDir {
			return true
		}
	}
	return false
}
