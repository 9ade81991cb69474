//go:build wasip1

// Package plugsh is a plugin for plugsh in Go, without a PDK: input, output, errors, panics, configuration, variables, logs,
// HTTP, and other plugins: start, find, call (with bytes, or typed by encoding/json), call side by side, end.
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o hello.wasm .
//	plugsh -c 'load ./hello.wasm; hello.greet Ada'
package plugsh

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"unsafe"
)

// A handle names a block of bytes that the host keeps; 0 is none.
type handle = uint64

// ---- Functions of the host, as they are imported.

//go:wasmimport extism:host/env input_length
func hostInputLength() uint64

//go:wasmimport extism:host/env input_load_u64
func hostInputLoadU64(offset uint64) uint64

//go:wasmimport extism:host/env input_load_u8
func hostInputLoadU8(offset uint64) uint32

//go:wasmimport extism:host/env output_set
func hostOutputSet(block handle, length uint64)

//go:wasmimport extism:host/env error_set
func hostErrorSet(message handle)

//go:wasmimport extism:host/env alloc
func hostAlloc(length uint64) handle

//go:wasmimport extism:host/env free
func hostFree(block handle)

//go:wasmimport extism:host/env length
func hostLength(block handle) uint64

//go:wasmimport extism:host/env load_u64
func hostLoadU64(offset uint64) uint64

//go:wasmimport extism:host/env load_u8
func hostLoadU8(offset uint64) uint32

//go:wasmimport extism:host/env store_u64
func hostStoreU64(offset uint64, bytes uint64)

//go:wasmimport extism:host/env store_u8
func hostStoreU8(offset uint64, b uint32)

//go:wasmimport extism:host/env config_get
func hostConfigGet(key handle) handle

//go:wasmimport extism:host/env var_get
func hostVarGet(key handle) handle

//go:wasmimport extism:host/env var_set
func hostVarSet(key, value handle)

//go:wasmimport extism:host/env http_request
func hostHTTPRequest(request, body handle) handle

//go:wasmimport extism:host/env http_status_code
func hostHTTPStatusCode() int32

//go:wasmimport extism:host/env http_headers
func hostHTTPHeaders() handle

//go:wasmimport extism:host/env log_trace
func hostLogTrace(message handle)

//go:wasmimport extism:host/env log_debug
func hostLogDebug(message handle)

//go:wasmimport extism:host/env log_info
func hostLogInfo(message handle)

//go:wasmimport extism:host/env log_warn
func hostLogWarn(message handle)

//go:wasmimport extism:host/env log_error
func hostLogError(message handle)

//go:wasmimport extism:host/user register_plugin
func hostRegisterPlugin(name handle) uint64

//go:wasmimport extism:host/user call_plugin
func hostCallPlugin(id uint64, function, input handle) handle

//go:wasmimport extism:host/user try_call_plugin
func hostTryCallPlugin(id uint64, function, input handle) handle

//go:wasmimport extism:host/user call_error
func hostCallError() handle

//go:wasmimport extism:host/user start_call
func hostStartCall(id uint64, function, input handle) uint64

//go:wasmimport extism:host/user poll_call
func hostPollCall(ticket uint64) uint64

//go:wasmimport extism:host/user join_call
func hostJoinCall(ticket uint64) handle

//go:wasmimport extism:host/user try_join_call
func hostTryJoinCall(ticket uint64) handle

//go:wasmimport extism:host/user free_plugin
func hostFreePlugin(id uint64)

//go:wasmimport extism:host/user find_plugin
func hostFindPlugin(name handle) uint64

//go:wasmimport extism:host/user self_plugin
func hostSelfPlugin() uint64

//go:wasmimport extism:host/user parent_plugin
func hostParentPlugin() uint64

// ---- Functions of the plugin

// Run is the body of an exported function. It hands the input to f and takes the output from it; an error is the plugin's
// failure. A panic sets the error to its message and place, and goes on to end the call and the instance.
//
//	//go:wasmexport greet
//	func greet() int32 {
//		return plugsh.Run(func(who []byte) ([]byte, error) { return append([]byte("hello "), who...), nil })
//	}
func Run(f func(input []byte) ([]byte, error)) int32 {
	defer func() {
		if reason := recover(); reason != nil {
			hostErrorSet(textBlock(fmt.Sprintf("panicked%s: %v", panicPlace(), reason)))
			panic(reason)
		}
	}()
	output, err := f(input())
	if err != nil {
		hostErrorSet(textBlock(err.Error()))
		return 1
	}
	hostOutputSet(block(output), uint64(len(output)))
	return 0
}

// panicPlace is the place of the innermost frame below the panic that is not the runtime's: " at sampler.go:7".
func panicPlace() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	panicking := false
	for {
		frame, more := frames.Next()
		ofRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if panicking && !ofRuntime {
			return fmt.Sprintf(" at %s:%d", path.Base(frame.File), frame.Line)
		}
		panicking = panicking || frame.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}

// ---- Configuration, variables, logs. The host frees the keys, values and messages that it is handed here.

// Config gives a value of the configuration; false where there is none.
func Config(key string) (string, bool) {
	h := hostConfigGet(textBlock(key))
	return string(take(h)), h != 0
}

// Var gives a variable that an earlier call set; nil where there is none.
func Var(key string) []byte { return take(hostVarGet(textBlock(key))) }

// SetVar sets a variable, which later calls see.
func SetVar(key string, value []byte) { hostVarSet(textBlock(key), block(value)) }

// RemoveVar removes a variable.
func RemoveVar(key string) { hostVarSet(textBlock(key), 0) }

// Level is the level of a log line.
type Level int

const (
	LevelTrace Level = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
)

// Log writes a log line.
func Log(level Level, format string, arguments ...any) {
	message := textBlock(fmt.Sprintf(format, arguments...))
	switch level {
	case LevelTrace:
		hostLogTrace(message)
	case LevelDebug:
		hostLogDebug(message)
	case LevelInfo:
		hostLogInfo(message)
	case LevelWarn:
		hostLogWarn(message)
	default:
		hostLogError(message)
	}
}

// ---- HTTP, to the hosts that --allow-host lets this plugin reach

// Request is an HTTP request; no Method is GET.
type Request struct {
	URL     string            `json:"url"`
	Method  string            `json:"method,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    []byte            `json:"-"`
}

// Response is what came back; a status of 400 and more is an answer too. Names of headers are in lower case.
type Response struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// Send sends the request. A host that may not be reached, or does not answer, ends this call.
func (r Request) Send() (Response, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return Response{}, err
	}
	body := hostHTTPRequest(block(request), block(r.Body))
	response := Response{Status: int(hostHTTPStatusCode()), Body: take(body)}
	if headers := hostHTTPHeaders(); headers != 0 {
		err = json.Unmarshal(take(headers), &response.Headers)
	}
	return response, err
}

// ---- Other plugins

// Process is a process of plugsh, by the number that `ps` shows; 0 is none, or the shell. It may be gone by the time of the
// next call.
type Process uint64

// Register starts a plugin as a child of this one; name is what `load` takes. A failure ends this call: it does not return.
func Register(name string) Process { return Process(withBlock(name, hostRegisterPlugin)) }

// Find gives the living process of that name, or 0.
func Find(name string) Process { return Process(withBlock(name, hostFindPlugin)) }

// Current gives the process that asks.
func Current() Process { return Process(hostSelfPlugin()) }

// Parent gives the process that started this one; 0 is the shell.
func Parent() Process { return Process(hostParentPlugin()) }

// Call calls a function. A failure does not return: it ends this call too, with an error that names the whole chain.
func (p Process) Call(function string, input []byte) []byte {
	return take(p.cross(hostCallPlugin, function, input))
}

// TryCall calls a function; a failure is an error.
func (p Process) TryCall(function string, input []byte) ([]byte, error) {
	return takeOrError(p.cross(hostTryCallPlugin, function, input))
}

// takeOrError gives the output of the last call that may fail, or its failure.
func takeOrError(output handle) ([]byte, error) {
	if message := hostCallError(); message != 0 {
		return nil, errors.New(string(take(message)))
	}
	return take(output), nil
}

// CallJSON calls a function with a value as JSON, and reads a Reply from the JSON that it gives. A failure of the function
// ends this call, as with Call; an error is one of encoding/json.
func CallJSON[Reply any](p Process, function string, value any) (Reply, error) {
	var reply Reply
	input, err := json.Marshal(value)
	if err != nil {
		return reply, err
	}
	err = json.Unmarshal(p.Call(function, input), &reply)
	return reply, err
}

// Free ends a process that this one, or one below it, started. A failure ends this call.
func (p Process) Free() { hostFreePlugin(uint64(p)) }

// Pending is a call that was started and is not joined: it runs beside its caller, and is cut when that returns. Goroutines
// share one thread; these calls have threads of their own.
type Pending struct{ ticket uint64 }

// Start starts a call that runs beside this one. It does not fail for the callee's sake: the join has the output or the
// failure.
func (p Process) Start(function string, input []byte) Pending {
	return Pending{p.cross(hostStartCall, function, input)}
}

// HasEnded is true once the call has ended, so that a join would not wait.
func (p Pending) HasEnded() bool { return hostPollCall(p.ticket) != 0 }

// Join waits for the call, once. A failure does not return: it ends this call too, as that of Process.Call does.
func (p Pending) Join() []byte { return take(hostJoinCall(p.ticket)) }

// TryJoin waits for the call, once; a failure is an error.
func (p Pending) TryJoin() ([]byte, error) { return takeOrError(hostTryJoinCall(p.ticket)) }

// JoinJSON waits for the call, once, and reads a Reply from the JSON that it gives, as CallJSON does.
func JoinJSON[Reply any](p Pending) (Reply, error) {
	var reply Reply
	err := json.Unmarshal(p.Join(), &reply)
	return reply, err
}

func (p Process) cross(how func(id uint64, function, input handle) handle, function string, input []byte) handle {
	in := block(input)
	defer drop(in)
	return withBlock(function, func(name handle) handle { return how(uint64(p), name, in) })
}

func withBlock(text string, f func(handle) uint64) uint64 {
	h := textBlock(text)
	defer drop(h)
	return f(h)
}

// ---- Blocks: one copy by the host where it has the bulk path (BULK.md), and else eight bytes a call.

// Fewer bytes than this are as fast without the bulk path.
const bulkLengthMin = 64

const (
	opProbe = 0
	opRead  = 1
	opNew   = 3
	opInput = 4
)

// A bulk request as the host reads it from memory.
type bulk struct {
	op, address                      uint32
	handle, offset, length, reserved uint64
}

type bulkHost int

const (
	unasked bulkHost = iota
	here
	notHere
)

var bulkAnswer bulkHost

// done is true once the host has done it with these bytes.
func (r *bulk) done(bytes []byte) bool {
	if len(bytes) < bulkLengthMin {
		return false
	}
	if bulkAnswer == unasked {
		bulkAnswer = notHere
		if probe := (&bulk{op: opProbe}); probe.ring() {
			bulkAnswer = here
		}
	}
	if bulkAnswer != here {
		return false
	}
	r.address, r.length = uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))), uint64(len(bytes))
	done := r.ring()
	runtime.KeepAlive(bytes)
	return done
}

// ring asks the host. Hosts without the bulk path answer 0: no block lies that high.
func (r *bulk) ring() bool {
	done := hostLength(1<<63|uint64(uintptr(unsafe.Pointer(r)))) == 1
	runtime.KeepAlive(r)
	return done
}

func input() []byte {
	bytes := make([]byte, hostInputLength())
	if (&bulk{op: opInput}).done(bytes) {
		return bytes
	}
	return load(bytes, 0, hostInputLoadU64, hostInputLoadU8)
}

// load fills bytes from an offset on, eight at a time.
func load(bytes []byte, from uint64, word func(uint64) uint64, one func(uint64) uint32) []byte {
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		binary.LittleEndian.PutUint64(bytes[at:], word(from+uint64(at)))
	}
	for ; at < len(bytes); at++ {
		bytes[at] = byte(one(from + uint64(at)))
	}
	return bytes
}

// block gives a new block with these bytes.
func block(bytes []byte) handle {
	if len(bytes) == 0 {
		return 0
	}
	if request := (&bulk{op: opNew}); request.done(bytes) {
		return request.handle
	}
	h := hostAlloc(uint64(len(bytes)))
	if h == 0 {
		panic("plugsh: no memory for a block")
	}
	at := 0
	for ; at+8 <= len(bytes); at += 8 {
		hostStoreU64(h+uint64(at), binary.LittleEndian.Uint64(bytes[at:]))
	}
	for ; at < len(bytes); at++ {
		hostStoreU8(h+uint64(at), uint32(bytes[at]))
	}
	return h
}

func textBlock(text string) handle { return block([]byte(text)) }

func drop(h handle) {
	if h != 0 {
		hostFree(h)
	}
}

// take gives the bytes of a block, which is freed; nil for none.
func take(h handle) []byte {
	if h == 0 {
		return nil
	}
	defer drop(h)
	bytes := make([]byte, hostLength(h))
	if (&bulk{op: opRead, handle: h}).done(bytes) {
		return bytes
	}
	return load(bytes, h, hostLoadU64, hostLoadU8)
}
