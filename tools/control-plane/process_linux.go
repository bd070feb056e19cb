package main

import "syscall"

// endWithParent has the kernel kill a process when its parent is gone.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
