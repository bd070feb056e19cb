// Package common stands in for Argo CD's: only what its types name.
package common

// Words of an Application's status, which no manifest sets.
type (
	HookType       string
	OperationPhase string
	ResultCode     string
	SyncPhase      string
)

// As upstream has them.
const (
	AnnotationDeletionApproved            = "argocd.argoproj.io/deletion-approved"
	ResultCodePruneSkipped     ResultCode = "PruneSkipped"
)

// Failed is never called here.
func (OperationPhase) Failed() bool { panic("a stand-in") }

// Completed is never called here.
func (OperationPhase) Completed() bool { panic("a stand-in") }

// Successful is never called here.
func (OperationPhase) Successful() bool { panic("a stand-in") }

// Running is never called here.
func (OperationPhase) Running() bool { panic("a stand-in") }
