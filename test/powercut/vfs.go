package powercut

import (
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The files of SQLite are those of its default VFS, whose methods of a file are
// kept when others take their place: https://sqlite.org/vfs.html. SQLite's memory
// has addresses, not pointers.

// Signatures of the methods that are replaced.
type (
	openMethod     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	deleteMethod   = func(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32
	closeMethod    = func(tls *libc.TLS, file uintptr) int32
	writeMethod    = func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32
	truncateMethod = func(tls *libc.TLS, file uintptr, size int64) int32
	syncMethod     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// system is the VFS that was the default one.
var system *sqlite3.Tsqlite3_vfs

// install makes ours the default VFS, once and for the life of the process.
var install = sync.OnceFunc(func() {
	tls := libc.NewTLS()
	defer tls.Close()
	system = at[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
	address := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*system)))
	ours := at[sqlite3.Tsqlite3_vfs](address)
	*ours = *system
	name, err := libc.CString("powercut")
	if err != nil {
		panic(err)
	}
	ours.FzName = name
	ours.FxOpen = pointer[openMethod](open)
	ours.FxDelete = pointer[deleteMethod](remove)
	if code := sqlite3.Xsqlite3_vfs_register(tls, address, 1); code != sqlite3.SQLITE_OK {
		panic(code)
	}
})

// recorded is an open file of a recording.
type recorded struct {
	recording *Recording
	name      string
	isNew     bool                         // the system syncs the folder with the first sync of a journal
	methods   *sqlite3.Tsqlite3_io_methods // of the system
	ours      uintptr                      // what stands in for them
}

// What is recorded: folders, and open files by SQLite's address of them.
var (
	mu         sync.Mutex
	recordings = map[string]*Recording{}
	files      = map[uintptr]*recorded{}
)

func recordingOf(path string) *Recording {
	mu.Lock()
	defer mu.Unlock()
	return recordings[filepath.Dir(path)]
}

func fileAt(address uintptr) *recorded {
	mu.Lock()
	defer mu.Unlock()
	return files[address]
}

func open(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	code := method[openMethod](system.FxOpen)(tls, vfs, name, file, flags, outFlags)
	if code != sqlite3.SQLITE_OK || name == 0 {
		return code
	}
	path := libc.GoString(name)
	r := recordingOf(path)
	if r == nil {
		return code
	}
	opened := at[sqlite3.Tsqlite3_file](file)
	f := &recorded{
		recording: r, name: filepath.Base(path), methods: at[sqlite3.Tsqlite3_io_methods](opened.FpMethods),
		isNew: flags&sqlite3.SQLITE_OPEN_CREATE != 0 && flags&(sqlite3.SQLITE_OPEN_WAL|sqlite3.SQLITE_OPEN_MAIN_JOURNAL) != 0,
	}
	f.ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*f.methods)))
	ours := at[sqlite3.Tsqlite3_io_methods](f.ours)
	*ours = *f.methods
	ours.FxClose = pointer[closeMethod](closeFile)
	ours.FxWrite = pointer[writeMethod](write)
	ours.FxTruncate = pointer[truncateMethod](truncate)
	ours.FxSync = pointer[syncMethod](syncFile)
	opened.FpMethods = f.ours
	mu.Lock()
	defer mu.Unlock()
	files[file] = f
	return code
}

func remove(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	code := method[deleteMethod](system.FxDelete)(tls, vfs, name, syncFolder)
	path := libc.GoString(name)
	if r := recordingOf(path); r != nil && code == sqlite3.SQLITE_OK {
		r.add(operation{kind: removal, file: filepath.Base(path)})
		if syncFolder != 0 {
			r.add(operation{kind: syncing, file: folder, upTo: r.Position()})
		}
	}
	return code
}

func closeFile(tls *libc.TLS, file uintptr) int32 {
	mu.Lock()
	f := files[file]
	delete(files, file)
	mu.Unlock()
	code := method[closeMethod](f.methods.FxClose)(tls, file)
	libc.Xfree(tls, f.ours)
	return code
}

func write(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	f := fileAt(file)
	if code := f.recording.refusal(); code != sqlite3.SQLITE_OK {
		return code
	}
	code := method[writeMethod](f.methods.FxWrite)(tls, file, data, n, offset)
	if code == sqlite3.SQLITE_OK {
		f.recording.add(operation{kind: writing, file: f.name, offset: offset, data: bytesAt(data, int(n))})
	}
	return code
}

func truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	f := fileAt(file)
	if code := f.recording.refusal(); code != sqlite3.SQLITE_OK {
		return code
	}
	code := method[truncateMethod](f.methods.FxTruncate)(tls, file, size)
	if code == sqlite3.SQLITE_OK {
		f.recording.add(operation{kind: truncation, file: f.name, offset: size})
	}
	return code
}

// syncFile leaves the disk alone: nobody cuts the power of a test.
func syncFile(_ *libc.TLS, file uintptr, _ int32) int32 {
	f := fileAt(file)
	if code := f.recording.refusal(); code != sqlite3.SQLITE_OK {
		return code
	}
	began := f.recording.Position()
	time.Sleep(f.recording.disk)
	f.recording.add(operation{kind: syncing, file: f.name, upTo: began})
	if f.isNew {
		f.isNew = false
		f.recording.add(operation{kind: syncing, file: folder, upTo: began})
	}
	return sqlite3.SQLITE_OK
}

// at is what stands at an address of SQLite's.
func at[T any](address uintptr) *T {
	return *(**T)(unsafe.Pointer(&address)) //nolint:gosec // SQLite's memory
}

func bytesAt(address uintptr, n int) []byte {
	return slices.Clone(unsafe.Slice(at[byte](address), n)) //nolint:gosec // SQLite's memory
}

// pointer is a function's address as SQLite keeps it, and method the function at
// one. Only functions of a package have one that lasts.
func pointer[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&f)) //nolint:gosec // SQLite's idea of a function
}

func method[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&address)) //nolint:gosec // SQLite's idea of a function
}
