package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// startDeadline is generous: a start takes about 3 s on an idle machine,
	// but several may start at once on a small one.
	startDeadline = 2 * time.Minute
	// stopDeadline bounds the ending, so that no caller waits for ever.
	stopDeadline = 30 * time.Second
)

// errStdinClosed is the cause when the caller is done with us.
var errStdinClosed = errors.New("stdin is closed")

// ready is the one line that serve prints on stdout.
type ready struct {
	Server     string `json:"server"`
	Kubeconfig string `json:"kubeconfig"`
	AuditLog   string `json:"auditLog"`
	ReadyMs    int64  `json:"readyMs"`
}

// serveCommand runs the control plane until its stdin closes, a signal arrives
// or a part of it fails. Only the last one is an error.
func serveCommand(args []string) error {
	started := time.Now()
	flags := flag.NewFlagSet("control-plane serve", flag.ExitOnError)
	dir := flags.String("dir", "", "directory for all state; a later serve on it resumes with the same certificates and data")
	port := flags.Int("port", 0, "port on 127.0.0.1; 0 means the port that this directory had last, or else any free one")
	fsync := flags.Bool("fsync", false, "let etcd wait for the disk at each write; data survives a crash of the machine, writes are slower")
	ignoreStdin := flags.Bool("ignore-stdin", false, "keep running when stdin closes; only a signal ends the program then")
	images := images{}
	flags.Var(images, "run", "IMAGE=PROGRAM: pods whose images all have a program are run as processes of this machine; may be given several times")
	// ExitOnError: Parse never returns an error here.
	_ = flags.Parse(args)
	if flags.NArg() > 0 {
		return fmt.Errorf("serve takes no arguments besides flags, but got %q", flags.Arg(0))
	}
	if *dir == "" {
		return errors.New("serve needs --dir DIR, the directory that holds its state")
	}

	state, err := openState(*dir)
	if err != nil {
		return err
	}
	defer state.close()
	if err := logTo(state.log); err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if !*ignoreStdin {
		// A caller that dies, however it dies, closes our stdin.
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			end(errStdinClosed)
		}()
	}

	plane, err := startPlane(ctx, state, *port, *fsync, images)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(ready{
			Server:     plane.server,
			Kubeconfig: state.adminKubeconfig,
			AuditLog:   state.auditLog,
			ReadyMs:    time.Since(started).Milliseconds(),
		})
	}
	if err == nil {
		err = plane.wait(ctx)
	}
	asked := ctx.Err() != nil
	stop() // From here on a second signal kills.

	giveUp := time.AfterFunc(stopDeadline, func() {
		fmt.Fprintf(os.Stderr, "control-plane: not stopped after %s, giving up; see %s\n", stopDeadline, state.log)
		os.Exit(1)
	})
	defer giveUp.Stop()
	stopErr := plane.stop()
	if asked && errors.Is(err, context.Canceled) {
		// Told to end while starting: that is an ending, not a failure. But a
		// shell that gave us /dev/null wonders where its line is.
		err = nil
		if context.Cause(ctx) == errStdinClosed {
			fmt.Fprintln(os.Stderr, "control-plane: ended before it was ready, because stdin is closed: keep it open, or give --ignore-stdin")
		}
	}
	if err = errors.Join(err, stopErr); err != nil {
		return fmt.Errorf("%w\nthe log %s may say more", err, state.log)
	}
	return nil
}
