// Command image puts container images together without a container engine: a
// directory of files becomes an OCI image layout, byte for byte the same each
// time.
//
//	image assemble ...       a layout from a root file system and one program
//	image index OUT LAYOUT...  one layout for several architectures
//	image archive LAYOUT NAME FILE  one file for `docker load`, and for what loads images into kind, k3d and minikube
//	image push LAYOUT NAME   to a registry, with the login of docker's configuration
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("say what to do: assemble, index, archive or push")
	}
	command, rest := arguments[0], arguments[1:]
	switch {
	case command == "assemble":
		return assembleCommand(rest)
	case command == "index" && len(rest) > 1:
		return joined(writeIndex(rest[0], rest[1:]))
	case command == "archive" && len(rest) == 3:
		return archive(rest[0], rest[1], rest[2])
	case command == "push" && len(rest) == 2:
		return joined(push(rest[0], rest[1]))
	}
	return fmt.Errorf("%s with %d arguments is none of assemble, index OUT LAYOUT..., archive LAYOUT NAME FILE, push LAYOUT NAME", command, len(rest))
}

// labels is a flag that may be given often.
type labels map[string]string

func (l labels) String() string { return "" }

func (l labels) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	l[name] = value
	return nil
}

func assembleCommand(arguments []string) error {
	wanted := Wanted{Labels: labels{}}
	flags := flag.NewFlagSet("assemble", flag.ContinueOnError)
	flags.StringVar(&wanted.Rootfs, "rootfs", "", "directory with the root file system")
	flags.StringVar(&wanted.Program, "program", "", "the program; it becomes the entry point")
	flags.StringVar(&wanted.Layout, "layout", "", "directory to write; what was there is removed")
	flags.StringVar(&wanted.Architecture, "architecture", "amd64", "of program and root file system, in Go's names")
	created := flags.Int64("created", 0, "time of everything, in seconds since 1970")
	flags.Var(labels(wanted.Labels), "label", "NAME=VALUE, as often as needed")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if wanted.Rootfs == "" || wanted.Program == "" || wanted.Layout == "" || flags.NArg() > 0 {
		return fmt.Errorf("assemble needs -rootfs, -program and -layout, and nothing else")
	}
	wanted.Created = time.Unix(*created, 0).UTC()
	return joined(assemble(wanted))
}

// joined prints what a command made.
func joined(digest string, err error) error {
	if err == nil {
		fmt.Println(digest)
	}
	return err
}
