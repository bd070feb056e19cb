// Command control-plane is a real Kubernetes control plane in one process, for
// tests and demonstrations: kube-apiserver, etcd and kube-controller-manager
// linked in from their published modules, with a fake kubelet that makes pods
// look as if they ran, or runs them as processes of this machine. It carries
// kubectl of the same version along.
//
// See README.md for what it promises to its callers.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const usage = `usage:
  control-plane serve --dir DIR [--port PORT] [--fsync] [--ignore-stdin] [--run IMAGE=PROGRAM]...
  control-plane kubectl ARGUMENTS...

A link to this program whose name is kubectl behaves as kubectl.
`

func main() {
	if filepath.Base(os.Args[0]) == "kubectl" {
		kubectl()
		return
	}
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	switch os.Args[1] {
	case "serve":
		collectLater()
		if err := serveCommand(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "control-plane:", err)
			os.Exit(1)
		}
	case "kubectl":
		// kubectl reads os.Args itself, for its plugins among other things.
		os.Args = os.Args[1:]
		kubectl()
	case "help", "-h", "--help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "control-plane: there is no command %q\n%s", os.Args[1], usage)
		os.Exit(2)
	}
}
