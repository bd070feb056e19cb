package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// helperCommand makes the test binary a program for pods to run.
const helperCommand = "helper"

// told is what a helper says first of what it was given.
type told struct {
	Args []string
	Env  map[string]string
	Dir  string
	Pid  int
}

// helper is the program in the pods of the tests.
func helper(args []string) int {
	if len(args) == 0 {
		return 2
	}
	say()
	switch args[0] {
	case "exit": // CODE
		code, _ := strconv.Atoi(args[1])
		return code
	case "write": // FILE TEXT
		return fail(os.WriteFile(args[1], []byte(args[2]), 0o600))
	case "read": // FILE
		content, err := os.ReadFile(args[1])
		fmt.Printf("read: %s\n", content)
		return fail(err)
	case "get": // URL
		answer, err := http.Get(args[1])
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answers %s", args[1], answer.Status)
		}
		return fail(err)
	case "serve": // ADDRESS
		return serve(args[1])
	case "stubborn":
		ignored := make(chan os.Signal, 1)
		signal.Notify(ignored, syscall.SIGTERM)
		for range ignored {
		}
	}
	return 2
}

// say prints one line of JSON.
func say() {
	dir, _ := os.Getwd()
	t := told{Args: os.Args, Env: map[string]string{}, Dir: dir, Pid: os.Getpid()}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		t.Env[name] = value
	}
	_ = json.NewEncoder(os.Stdout).Encode(t)
}

func fail(err error) int {
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	return 0
}

// serve answers /state with 200, or with the code that /become last asked for.
func serve(address string) int {
	var state atomic.Int32
	state.Store(http.StatusOK)
	mux := http.NewServeMux()
	mux.HandleFunc("/state", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(state.Load())) })
	mux.HandleFunc("/become", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		state.Store(int32(code))
	})
	failed := make(chan error, 1)
	go func() { failed <- http.ListenAndServe(address, mux) }()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	select {
	case err := <-failed:
		return fail(err)
	case <-asked:
		fmt.Println("asked to end")
		return 0
	}
}
