// Package rbac stands in for Argo CD's: only what its types name.
package rbac

// As upstream has them.
const (
	ActionGet      = "get"
	ActionCreate   = "create"
	ActionUpdate   = "update"
	ActionDelete   = "delete"
	ActionSync     = "sync"
	ActionOverride = "override"
)

// ProjectScoped is never used here.
var ProjectScoped map[string]bool
