// Package git stands in for Argo CD's: only what its types name.
package git

// Creds is never used here.
type Creds any

// CredsStore is never used here.
type CredsStore any

// NopCreds is never used here.
type NopCreds struct{}

// IsSSHURL is never called here.
func IsSSHURL(string) (bool, string) { panic("a stand-in") }

// NewAzureServicePrincipalCreds is never called here.
func NewAzureServicePrincipalCreds(...any) Creds { panic("a stand-in") }

// NewAzureWorkloadIdentityCreds is never called here.
func NewAzureWorkloadIdentityCreds(...any) Creds { panic("a stand-in") }

// NewGitHubAppCreds is never called here.
func NewGitHubAppCreds(...any) Creds { panic("a stand-in") }

// NewGoogleCloudCreds is never called here.
func NewGoogleCloudCreds(...any) Creds { panic("a stand-in") }

// NewHTTPSCreds is never called here.
func NewHTTPSCreds(...any) Creds { panic("a stand-in") }

// NewSSHCreds is never called here.
func NewSSHCreds(...any) Creds { panic("a stand-in") }

// NormalizeGitURL is never called here.
func NormalizeGitURL(string) string { panic("a stand-in") }
