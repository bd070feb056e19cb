// Package oci stands in for Argo CD's: only what its types name.
package oci

// Creds is never used here.
type Creds struct {
	Username, Password, CAPath           string
	CertData, KeyData                    []byte
	InsecureSkipVerify, InsecureHTTPOnly bool
}
