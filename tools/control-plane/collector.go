package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	// An API server with few objects spends a third of its CPU on collecting
	// garbage at Go's own value of 100 (perf beside `make bench`).
	heapGrowthPercent = 300
	// In bytes: a heap that was once this large is collected as Go does it.
	largeHeap = 1 << 30
)

// collectLater lets a small heap grow further before it is collected. GOGC of
// the environment counts instead.
func collectLater() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(heapGrowthPercent)
	go func() {
		for range time.Tick(10 * time.Second) {
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			if memory.HeapAlloc > largeHeap {
				debug.SetGCPercent(usual)
				return
			}
		}
	}()
}
