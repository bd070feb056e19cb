// Package env stands in for Argo CD's: every variable is unset.
package env

import "time"

// ParseBoolFromEnv is the default.
func ParseBoolFromEnv(_ string, unset bool) bool { return unset }

// ParseDurationFromEnv is the default.
func ParseDurationFromEnv(_ string, unset, _, _ time.Duration) time.Duration { return unset }

// ParseFloatFromEnv is the default.
func ParseFloatFromEnv(_ string, unset, _, _ float32) float32 { return unset }

// ParseInt64FromEnv is the default.
func ParseInt64FromEnv(_ string, unset, _, _ int64) int64 { return unset }

// ParseNumFromEnv is the default.
func ParseNumFromEnv(_ string, unset, _, _ int) int { return unset }
