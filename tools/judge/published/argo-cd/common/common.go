// Package common stands in for Argo CD's: only what its types name.
package common

// As upstream has them.
const (
	AnnotationApplicationSetRefresh = "argocd.argoproj.io/application-set-refresh"
	AnnotationKeyLinkPrefix         = "link.argocd.argoproj.io/"
	DefaultRepoType                 = "git"
)
