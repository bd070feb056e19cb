package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// archive writes the only image of a layout as one file in the form of `docker
// save`, which containerd, docker and minikube all read. named is its name with a
// tag, as a Pod will ask for it.
func archive(place, named, file string) error {
	tag, err := name.NewTag(named)
	if err == nil && !strings.Contains(named[strings.LastIndex(named, "/")+1:], ":") {
		err = errors.New("the tag is missing")
	}
	if err != nil {
		return fmt.Errorf("%s is no name with a tag, as in operator:0.1.0: %w", named, err)
	}
	index, err := layout.ImageIndexFromPath(place)
	if err != nil {
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	if len(manifest.Manifests) != 1 {
		return fmt.Errorf("%s has %d images: an archive holds one, that of one architecture", place, len(manifest.Manifests))
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return err
	}
	// Whole or not at all: half a file would be loaded as a broken image.
	partial := file + ".partial"
	if err := tarball.WriteToFile(partial, tag, image); err != nil {
		return err
	}
	return os.Rename(partial, file)
}
