;; Asks its host for the time, random bytes, a file, a variable and, where its input is a request, for HTTP. Its output
;; is all that it was given; how long it runs depends on a random byte.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
  (import "extism:host/env" "http_status_code" (func $status (result i32)))
  (import "extism:host/env" "log_info" (func $log (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "note.txt")
  (data (i32.const 1040) "\c8\00\00\00\20\00\00\00") ;; a buffer of 32 bytes at 200
  (data (i32.const 1056) "\00\04\00\00\08\00\00\00") ;; the name above, for standard output

  ;; A block of `length` bytes of memory.
  (func $block (param $at i32) (param $length i32) (result i64) (local $block i64) (local $i i32)
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (call $store_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $at) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (local.get $block))

  ;; The bytes of a block to memory; their count.
  (func $copy (param $block i64) (param $at i32) (result i32) (local $i i32) (local $length i32)
    (local.set $length (i32.wrap_i64 (call $length (local.get $block))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $i) (local.get $length)))
      (i32.store8 (i32.add (local.get $at) (local.get $i))
        (call $load_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (local.get $length))

  ;; The input as a block.
  (func $input (result i64) (local $block i64) (local $i i64) (local $end i64)
    (local.set $end (call $input_length))
    (local.set $block (call $alloc (local.get $end)))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $i) (local.get $end)))
      (call $store_u8 (i64.add (local.get $block) (local.get $i)) (call $input_load_u8 (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $next)))
    (local.get $block))

  (func (export "ask") (result i32) (local $n i32) (local $end i32) (local $block i64)
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 96)))
    (drop (call $random (i32.const 104) (i32.const 16)))
    (i32.store (i32.const 120) (call $open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 8) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 124)))
    (i32.store (i32.const 128) (call $read (i32.load (i32.const 124)) (i32.const 1040) (i32.const 1) (i32.const 132)))
    (drop (call $close (i32.load (i32.const 124))))
    (drop (call $write (i32.const 1) (i32.const 1056) (i32.const 1) (i32.const 136)))
    ;; As many turns as the first random byte says.
    (local.set $n (i32.load8_u (i32.const 104)))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    ;; The variable counts the calls.
    (local.set $block (call $var_get (call $block (i32.const 1024) (i32.const 4))))
    (if (i64.ne (local.get $block) (i64.const 0))
      (then (drop (call $copy (local.get $block) (i32.const 144)))))
    (i32.store8 (i32.const 144) (i32.add (i32.load8_u (i32.const 144)) (i32.const 1)))
    (call $var_set (call $block (i32.const 1024) (i32.const 4)) (call $block (i32.const 144) (i32.const 1)))
    (call $log (call $block (i32.const 1024) (i32.const 8)))
    (local.set $end (i32.const 240))
    (if (i64.ne (call $input_length) (i64.const 0)) (then
      (local.set $end (i32.add (local.get $end)
        (call $copy (call $http (call $input) (i64.const 0)) (i32.const 240))))
      (i32.store (i32.const 148) (call $status))))
    (call $output_set (call $block (i32.const 96) (i32.sub (local.get $end) (i32.const 96)))
      (i64.extend_i32_u (i32.sub (local.get $end) (i32.const 96))))
    (i32.const 0)))
