package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// directoryLayer is everything below a directory, in the order of names.
func directoryLayer(directory string, created time.Time) (v1.Layer, error) {
	return layer(func(archive *tar.Writer) error {
		return filepath.WalkDir(directory, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || file == directory {
				return err
			}
			name, err := filepath.Rel(directory, file)
			if err != nil {
				return err
			}
			return add(archive, file, name, created)
		})
	})
}

// programLayer is one file and the directories above it.
func programLayer(program, name string, created time.Time) (v1.Layer, error) {
	return layer(func(archive *tar.Writer) error {
		return add(archive, program, name, created)
	})
}

// layer compresses an archive; the media type is OCI's, not Docker's.
func layer(fill func(*tar.Writer) error) (v1.Layer, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	if err := fill(archive); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil }
	return tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// add writes one file. Whoever unpacked it, whenever and under whatever umask,
// leaves no trace: everything is root's, of one time, and nobody else may write.
func add(archive *tar.Writer, file, name string, created time.Time) error {
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(file); err != nil {
			return err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	mode, err := plainMode(info, name)
	if err != nil {
		return err
	}
	clean := &tar.Header{
		Typeflag: header.Typeflag, Name: filepath.ToSlash(name), Linkname: target, Mode: mode,
		ModTime: created, Format: tar.FormatPAX,
	}
	if info.IsDir() {
		clean.Name += "/"
	}
	if info.Mode().IsRegular() {
		clean.Size = info.Size()
	}
	if err := archive.WriteHeader(clean); err != nil || !info.Mode().IsRegular() {
		return err
	}
	return copyInto(archive, file)
}

func plainMode(info fs.FileInfo, name string) (int64, error) {
	switch {
	case info.IsDir() && path.Clean(filepath.ToSlash(name)) == "tmp":
		return 0o1777, nil
	case info.IsDir():
		return 0o755, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return 0o777, nil
	case info.Mode().IsRegular() && info.Mode()&0o100 != 0:
		return 0o755, nil
	case info.Mode().IsRegular():
		return 0o644, nil
	}
	return 0, fmt.Errorf("%s is no file, directory or link", name)
}

func copyInto(archive *tar.Writer, file string) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(archive, content)
	return err
}
