package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestAnArchiveHasTheImageUnderItsNameTheSameEachTime(t *testing.T) {
	w := wanted(t, 0, "amd64")
	_, image := assembled(t, w)
	one, two := filepath.Join(t.TempDir(), "one.tar"), filepath.Join(t.TempDir(), "two.tar")
	must(t, archive(w.Layout, "operator:1.2.3", one))
	must(t, archive(w.Layout, "operator:1.2.3", two))
	first, err := os.ReadFile(one)
	must(t, err)
	second, err := os.ReadFile(two)
	must(t, err)
	if !bytes.Equal(first, second) {
		t.Error("two archives of one layout differ")
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(one) })
	must(t, err)
	// As a Pod asks for it, without a registry.
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 || manifest[0].RepoTags[0] != "operator:1.2.3" {
		t.Errorf("%+v", manifest)
	}
	tag, err := name.NewTag("operator:1.2.3")
	must(t, err)
	read, err := tarball.ImageFromPath(one, &tag)
	must(t, err)
	must(t, validate.Image(read))
	wanted, err := image.ConfigName()
	must(t, err)
	if found, err := read.ConfigName(); err != nil || found != wanted {
		t.Errorf("%s is not %s: %v", found, wanted, err)
	}
}

func TestAnArchiveNeedsATagAndOneImage(t *testing.T) {
	one, two := wanted(t, 0, "amd64"), wanted(t, 0, "arm64")
	assembled(t, one)
	assembled(t, two)
	file := filepath.Join(t.TempDir(), "x.tar")
	for _, named := range []string{"operator", "", "Operator:1", "a/b", "operator@sha256:abc"} {
		if archive(one.Layout, named, file) == nil {
			t.Errorf("%q is taken", named)
		}
	}
	both := filepath.Join(t.TempDir(), "both")
	_, err := writeIndex(both, []string{one.Layout, two.Layout})
	must(t, err)
	if archive(both, "operator:1", file) == nil {
		t.Error("two images are taken for one")
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Error("a refusal leaves a file")
	}
}
