package main

import (
	"archive/tar"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var moment = time.Unix(1_700_000_000, 0).UTC()

// wanted is a small image, its files made under the given permissions.
func wanted(t *testing.T, mode os.FileMode, architecture string) Wanted {
	t.Helper()
	directory := t.TempDir()
	root := filepath.Join(directory, "root")
	program := filepath.Join(directory, "program")
	must(t, os.MkdirAll(filepath.Join(root, "etc/ssl"), 0o700|mode))
	must(t, os.MkdirAll(filepath.Join(root, "tmp"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("nonroot:x:65532\n"), 0o600|mode))
	must(t, os.Symlink("ssl", filepath.Join(root, "etc/link")))
	must(t, os.WriteFile(program, []byte("a program"), 0o700|mode))
	return Wanted{
		Rootfs: root, Program: program, Layout: filepath.Join(directory, "layout"), Architecture: architecture,
		Created: moment, Labels: map[string]string{"org.opencontainers.image.title": "t"},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func assembled(t *testing.T, w Wanted) (string, v1.Image) {
	t.Helper()
	digest, err := assemble(w)
	must(t, err)
	index, err := layout.ImageIndexFromPath(w.Layout)
	must(t, err)
	hash, err := v1.NewHash(digest)
	must(t, err)
	image, err := index.Image(hash)
	must(t, err)
	return digest, image
}

func TestTheSameFilesGiveTheSameDigestWhoeverMadeThemAndWhen(t *testing.T) {
	one, two := wanted(t, 0, "amd64"), wanted(t, 0o077, "amd64")
	must(t, os.Chtimes(filepath.Join(two.Rootfs, "etc/passwd"), moment, moment))
	first, _ := assembled(t, one)
	second, _ := assembled(t, two)
	if first != second {
		t.Errorf("%s and %s", first, second)
	}
	must(t, os.WriteFile(two.Program, []byte("b program"), 0o700))
	if third, _ := assembled(t, two); third == first {
		t.Error("another program has the same digest")
	}
}

func TestEverythingIsRootsOfOneTimeAndNobodyElseWrites(t *testing.T) {
	_, image := assembled(t, wanted(t, 0o077, "amd64"))
	must(t, validate.Image(image))
	files := mutate.Extract(image)
	defer files.Close()
	archive, seen := tar.NewReader(files), map[string]int64{}
	for {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || !header.ModTime.Equal(moment) {
			t.Errorf("%s is of %d:%d %q and %s", header.Name, header.Uid, header.Gid, header.Uname, header.ModTime)
		}
		seen[strings.TrimSuffix(header.Name, "/")] = header.Mode
	}
	for file, mode := range map[string]int64{"etc": 0o755, "etc/passwd": 0o644, "usr/bin/program": 0o755, "tmp": 0o1777} {
		if seen[file] != mode {
			t.Errorf("%s has the mode %o", file, seen[file])
		}
	}
}

func TestTheConfigurationNamesUserEntryPointAndTime(t *testing.T) {
	_, image := assembled(t, wanted(t, 0, "arm64"))
	config, err := image.ConfigFile()
	must(t, err)
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/usr/bin/program" {
		t.Errorf("%+v", config.Config)
	}
	if !config.Created.Equal(moment) || config.Architecture != "arm64" || config.Config.Labels["org.opencontainers.image.title"] != "t" {
		t.Errorf("%+v", config)
	}
}

func TestTwoArchitecturesArePushedAsOneIndex(t *testing.T) {
	one, two := wanted(t, 0, "amd64"), wanted(t, 0, "arm64")
	assembled(t, one)
	assembled(t, two)
	both := filepath.Join(t.TempDir(), "both")
	digest, err := writeIndex(both, []string{one.Layout, two.Layout})
	must(t, err)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	target := strings.TrimPrefix(server.URL, "http://") + "/operator:1.2.3"
	pushed, err := push(both, target)
	must(t, err)
	if !strings.HasSuffix(pushed, "@"+digest) {
		t.Errorf("pushed %s, made %s", pushed, digest)
	}
	reference, err := name.ParseReference(target)
	must(t, err)
	for _, architecture := range []string{"amd64", "arm64"} {
		platform := v1.Platform{OS: "linux", Architecture: architecture}
		image, err := remote.Image(reference, remote.WithPlatform(platform))
		must(t, err)
		must(t, validate.Image(image))
		if config, err := image.ConfigFile(); err != nil || config.Architecture != architecture {
			t.Errorf("%s: %+v %v", architecture, config, err)
		}
	}
}

func TestWhatIsNoFileDirectoryOrLinkIsRefused(t *testing.T) {
	w := wanted(t, 0, "amd64")
	must(t, syscall.Mkfifo(filepath.Join(w.Rootfs, "pipe"), 0o600))
	if _, err := assemble(w); err == nil || !strings.Contains(err.Error(), "pipe") {
		t.Errorf("a pipe was taken: %v", err)
	}
	w.Rootfs = filepath.Join(w.Rootfs, "no-such-directory")
	if _, err := assemble(w); err == nil {
		t.Error("a root file system that is not there was taken")
	}
}
