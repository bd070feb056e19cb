package main

import (
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user of the image, as a number: a cluster that demands runAsNonRoot cannot
// tell what a name means. The chart, the root file system's passwd and the
// Containerfile have the same.
const user = "65532:65532"

// directory of the program.
const programs = "usr/bin"

// Wanted says what an image is made of.
type Wanted struct {
	Rootfs, Program, Layout, Architecture string
	Created                               time.Time
	Labels                                map[string]string
}

// assemble writes the layout and returns the digest of the image's manifest.
func assemble(wanted Wanted) (string, error) {
	image, err := build(wanted)
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(wanted.Layout); err != nil {
		return "", err
	}
	place, err := layout.Write(wanted.Layout, mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	if err != nil {
		return "", err
	}
	platform := v1.Platform{OS: "linux", Architecture: wanted.Architecture}
	if err := place.AppendImage(image, layout.WithPlatform(platform)); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

func build(wanted Wanted) (v1.Image, error) {
	entrypoint := programs + "/" + filepath.Base(wanted.Program)
	base, err := directoryLayer(wanted.Rootfs, wanted.Created)
	if err != nil {
		return nil, err
	}
	top, err := programLayer(wanted.Program, entrypoint, wanted.Created)
	if err != nil {
		return nil, err
	}
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	created := v1.Time{Time: wanted.Created}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{
		OS: "linux", Architecture: wanted.Architecture, Created: created,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{}},
		Config: v1.Config{
			User: user, WorkingDir: "/", Entrypoint: []string{"/" + entrypoint}, Labels: wanted.Labels,
			Env: []string{"PATH=/usr/bin"},
		},
	})
	if err != nil {
		return nil, err
	}
	history := func(what string) v1.History { return v1.History{Created: created, CreatedBy: what} }
	return mutate.Append(image,
		mutate.Addendum{Layer: base, History: history("root file system from Debian packages")},
		mutate.Addendum{Layer: top, History: history("the program")},
	)
}
