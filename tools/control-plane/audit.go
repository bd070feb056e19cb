package main

import _ "embed"

//go:embed audit-policy.yaml
var auditPolicy []byte

// writeAuditPolicy writes the policy where the API server reads it.
func writeAuditPolicy(state *state) (string, error) {
	const name = "audit-policy.yaml"
	return state.path(name), state.writeFile(name, auditPolicy)
}

// auditFlags make the API server append each event to the log before the
// request ends: a test that has its answer finds the event in the file.
func auditFlags(state *state, policy string) []string {
	return []string{
		"--audit-policy-file=" + policy,
		"--audit-log-path=" + state.auditLog,
		"--audit-log-format=json",
		"--audit-log-mode=blocking",
		// Never rotated: a test that counts lines must see all of them.
		"--audit-log-maxsize=0",
	}
}
