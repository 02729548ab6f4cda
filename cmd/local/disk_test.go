//go:build integration && linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"notionrelay/test/ascommand"
	"notionrelay/test/planted"
)

// TestAFullDiskIsToSendAgain fills the disk under the running system. Reports are
// refused with 503 until there is room, and are accepted then without anybody's
// help; what was accepted before is published.
func TestAFullDiskIsToSendAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	mount(t, data, 0, "size=4m,mode=0700")
	process, base := command(t, data, "NOTION_MIN_GAP=0s")
	first := send(t, base, []byte(`{"strategyReport":"# Before"}`), "wait=0")
	fill(t, data)
	text := strings.Repeat("All of it, word by word. ", 20_000) // more than SQLite has left in its files
	refused := 0
	for i := range 20 {
		response := postText(t, base, i, text)
		switch {
		case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
			refused++
		case response.StatusCode >= 300:
			t.Errorf("on a full disk: got %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
		}
	}
	if refused == 0 {
		t.Error("the disk was never full")
	}
	if err := os.Remove(filepath.Join(data, filler)); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(2 * time.Minute); postText(t, base, 100, "After").StatusCode >= 300; {
		if time.Now().After(until) {
			t.Fatal("with room on the disk reports are still refused")
		}
	}
	waitForStatus(t, first.Data.StatusURL, "complete")
	stop(t, process)
}

// TestADiskThatTakesNothingIsToSendAgain takes from the running system, for a while,
// the right to write to any file, as a disk does that is only for reading any more:
// its kernel refuses. Meanwhile nothing is accepted, and what was can be looked at;
// then the system goes on without anybody's help.
func TestADiskThatTakesNothingIsToSendAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	process, base := command(t, data, "NOTION_MIN_GAP=200ms")
	first := send(t, base, []byte(`{"strategyReport":"# Before"}`), "wait=0")
	accepted := map[string]bool{first.Data.ReportID: true}
	limitFiles(t, process.Process.Pid, 0)
	for i := range 10 {
		response := postText(t, base, i, "Meanwhile")
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("got %d, Retry-After %q", response.StatusCode, response.Header.Get("Retry-After"))
		}
	}
	if s := status(t, first.Data.StatusURL); s.Status == "" {
		t.Error("what was accepted before cannot be looked at")
	}
	limitFiles(t, process.Process.Pid, noLimit)
	last := send(t, base, []byte(`{"strategyReport":"# After"}`), "wait=0")
	accepted[last.Data.ReportID] = true
	for id := range accepted {
		waitForStatus(t, base+"/reports/"+id, "complete")
	}
	stop(t, process)
	wantOnly(t, data, accepted)
}

const noLimit = 1<<64 - 1 // RLIM_INFINITY

// limitFiles lets a process write no file beyond that size from now on: see
// setrlimit(2), RLIMIT_FSIZE. Go lets the signal that comes with it be.
func limitFiles(t *testing.T, pid int, size uint64) {
	t.Helper()
	limit := [2]uint64{size, noLimit} // the soft one can be raised again
	_, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
}

func waitForStatus(t *testing.T, url, want string) {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); status(t, url).Status != want; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it does not become %s", want)
		}
	}
}

func TestAFolderThatCannotBeWrittenIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	mount(t, data, syscall.MS_RDONLY, "mode=0700")
	process := ascommand.Command(t.Context(), os.Environ(), "-addr", "127.0.0.1:0", "-data", data)
	var said bytes.Buffer
	process.Stderr = io.MultiWriter(&said, planted.Output(t))
	if err := process.Run(); err == nil || !strings.Contains(said.String(), "read-only file system") {
		t.Errorf("got %v, %s", err, said.String())
	}
}

// mount puts a file system in memory at a folder. CI refuses the skip.
func mount(t *testing.T, folder string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("relay-test", folder, "tmpfs", flags, options); errors.Is(err, syscall.EPERM) {
		t.Skip("only root can mount a disk that is full")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
}

const filler = "filler"

// fill leaves no room on a folder's disk.
func fill(t *testing.T, folder string) {
	t.Helper()
	file, err := os.Create(filepath.Join(folder, filler))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func postText(t *testing.T, base string, i int, text string) *http.Response {
	t.Helper()
	response, err := http.Post(base+"/reports", "application/json", strings.NewReader(fmt.Sprintf(`{"runId":"%d","strategyReport":"%s"}`, i, text)))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}
