// Package cert stands in for Argo CD's: only what its types name.
package cert

// GetCertBundlePathForRepository is never called here.
func GetCertBundlePathForRepository(string) (string, error) { panic("a stand-in") }
