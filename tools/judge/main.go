// Command judge says of manifests and objects what tools of other projects say of them: the status that Helm 4 and
// Flux compute, the health that Argo CD shows, and whether a manifest fits the Go types that its project publishes.
//
//	judge health --scripts DIR [FILE...]         one JSON line for each object (JSON or YAML; stdin without files)
//	judge strict [--skip-unknown] FILE...        one line `ok FILE KIND NAME` for each document, exit 1 on a fault
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// errFound says that faults were found and told.
var errFound = errors.New("faults were found")

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err == nil {
		return
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(os.Stderr, "judge:", err)
	}
	os.Exit(1)
}

func run(arguments []string, in io.Reader, out, faults io.Writer) error {
	if len(arguments) == 0 {
		return errors.New("say health or strict")
	}
	switch arguments[0] {
	case "health":
		return runHealth(arguments[1:], in, out)
	case "strict":
		return runStrict(arguments[1:], out, faults)
	default:
		return fmt.Errorf("there is no %q: say health or strict", arguments[0])
	}
}

func runHealth(arguments []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	scripts := flags.String("scripts", "", "folder of <group>/<Kind>/health.lua")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	documents, err := readAll(flags.Args(), in)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(out)
	for _, document := range documents {
		object, err := document.object()
		if err != nil {
			return err
		}
		verdict, err := judge(object, *scripts)
		if err != nil {
			return err
		}
		if err := lines.Encode(verdict); err != nil {
			return err
		}
	}
	return nil
}

func runStrict(arguments []string, out, faults io.Writer) error {
	flags := flag.NewFlagSet("strict", flag.ContinueOnError)
	skip := flags.Bool("skip-unknown", false, "say `skipped` of kinds whose types are not known here, instead of refusing them")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("strict needs files")
	}
	documents, err := readAll(flags.Args(), nil)
	if err != nil {
		return err
	}
	found := false
	for _, document := range documents {
		verdict, err := document.fits()
		switch {
		case err == nil:
			fmt.Fprintln(out, verdict)
		case errors.Is(err, errUnknown) && *skip:
			fmt.Fprintln(out, "skipped", document.title())
		default:
			found = true
			fmt.Fprintf(faults, "%s: %v\n", document.title(), err)
		}
	}
	if found {
		return errFound
	}
	return nil
}
