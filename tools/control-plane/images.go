package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// images says which program of this machine stands for which image. It is the
// value of the flag --run.
type images map[string]string

func (i images) String() string {
	var all []string
	for image, program := range i {
		all = append(all, image+"="+program)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}

// Set adds one pair, IMAGE=PROGRAM.
func (i images) Set(pair string) error {
	image, program, found := strings.Cut(pair, "=")
	if !found || image == "" || program == "" {
		return fmt.Errorf("want IMAGE=PROGRAM, got %q", pair)
	}
	if image != repository(image) {
		return fmt.Errorf("give the image without tag and digest: %s", repository(image))
	}
	program, err := exec.LookPath(program)
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return fmt.Errorf("the program that stands for the image %s: %w", image, err)
	}
	i[image] = program
	return nil
}

// program stands for an image; tag and digest don't matter.
func (i images) program(image string) (string, bool) {
	program, found := i[repository(image)]
	return program, found
}

// runs tells whether all containers of a pod have a program.
func (i images) runs(pod *corev1.Pod) bool {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for _, c := range containers {
			if _, found := i.program(c.Image); !found {
				return false
			}
		}
	}
	return true
}

// repository is an image's name without tag and digest. A colon before the last
// slash belongs to the registry's port.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		image = image[:colon]
	}
	return image
}
