// Package workloadidentity stands in for Argo CD's: only what its types name.
package workloadidentity

// NewWorkloadIdentityTokenProvider is never called here.
func NewWorkloadIdentityTokenProvider() any { panic("a stand-in") }
