// Package helm stands in for Argo CD's: only what its types name.
package helm

// Creds is never used here.
type Creds any

// HelmCreds is never used here.
type HelmCreds struct {
	Username, Password, CAPath string
	CertData, KeyData          []byte
	InsecureSkipVerify         bool
}

// IsHelmOciRepo is never called here.
func IsHelmOciRepo(string) bool { panic("a stand-in") }

// NewAzureWorkloadIdentityCreds is never called here.
func NewAzureWorkloadIdentityCreds(...any) Creds { panic("a stand-in") }
