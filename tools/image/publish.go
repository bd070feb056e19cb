package main

import (
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeIndex joins layouts of one image for several architectures; the digest
// is that of the index.
func writeIndex(out string, layouts []string) (string, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, place := range layouts {
		found, err := layout.ImageIndexFromPath(place)
		if err != nil {
			return "", err
		}
		if index, err = appendAll(index, found); err != nil {
			return "", fmt.Errorf("%s: %w", place, err)
		}
	}
	if err := os.RemoveAll(out); err != nil {
		return "", err
	}
	if _, err := layout.Write(out, index); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	return digest.String(), err
}

func appendAll(index v1.ImageIndex, found v1.ImageIndex) (v1.ImageIndex, error) {
	manifest, err := found.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, entry := range manifest.Manifests {
		if entry.Platform == nil {
			return nil, fmt.Errorf("the image %s does not say its platform", entry.Digest)
		}
		image, err := found.Image(entry.Digest)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: entry.Platform},
		})
	}
	return index, nil
}

// push sends a layout, whole, to a registry. Returns the name with the digest.
func push(place, target string) (string, error) {
	reference, err := name.ParseReference(target)
	if err != nil {
		return "", err
	}
	index, err := layout.ImageIndexFromPath(place)
	if err != nil {
		return "", err
	}
	if err := remote.WriteIndex(reference, index, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	return reference.Context().Digest(digest.String()).String(), err
}
