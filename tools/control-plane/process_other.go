//go:build !linux

package main

import "syscall"

// endWithParent cannot be had here: processes of a control plane that is killed
// live on. One that ends in order ends them all the same.
func endWithParent(*syscall.SysProcAttr) {}
