// Package http stands in for Argo CD's: only what its types name.
package http

import (
	"net/http"
	"time"
)

// Never used here.
const (
	EnvRetryMax         = "K8SCLIENT_RETRY_MAX"
	EnvRetryBaseBackoff = "K8SCLIENT_RETRY_BASE_BACKOFF"
)

// WithRetry is never called here.
func WithRetry(int64, time.Duration) func(http.RoundTripper) http.RoundTripper { panic("a stand-in") }
