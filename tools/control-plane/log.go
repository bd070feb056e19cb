package main

import (
	"fmt"
	"os"

	"k8s.io/klog/v2"
	"k8s.io/klog/v2/textlogger"
)

// logTo sends the log of all parts to a file. A logger is set, rather than
// klog's output, because klog copies errors to stderr by default and would
// write each of them to the same output three times.
func logTo(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	logger := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(file)))
	klog.SetLoggerWithOptions(logger, klog.ContextualLogger(true))
	return nil
}
