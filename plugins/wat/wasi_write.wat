;; WASI's files and streams. Proves where what a plugin writes goes to, and what it gets to see of the system:
;; nothing but the allowed paths.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "out.txt")

  ;; Copies the input to memory from 1024 on, growing it where needed; gives the length.
  (func $input (result i32)
    (local $len i32) (local $i i32) (local $pages i32)
    (local.set $len (i32.wrap_i64 (call $input_length)))
    (local.set $pages (i32.sub
      (i32.shr_u (i32.add (local.get $len) (i32.const 66559)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0)) (then (drop (memory.grow (local.get $pages)))))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len)) (then
        (i32.store8 (i32.add (i32.const 1024) (local.get $i))
          (call $input_load_u8 (i64.extend_i32_u (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (local.get $len))

  ;; A new block with `len` bytes of memory from `at` on.
  (func $block (param $at i32) (param $len i32) (result i64)
    (local $handle i64) (local $i i32)
    (local.set $handle (call $alloc (i64.extend_i32_u (local.get $len))))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len)) (then
        (call $store_u8
          (i64.add (local.get $handle) (i64.extend_i32_u (local.get $i)))
          (i32.load8_u (i32.add (local.get $at) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (local.get $handle))

  ;; Sets the output to `len` bytes of memory from `at` on.
  (func $say (param $at i32) (param $len i32)
    (call $output_set (call $block (local.get $at) (local.get $len)) (i64.extend_i32_u (local.get $len))))

  ;; Sets the output to a number, in decimal and without a sign. Uses memory from 96 to 127.
  (func $say_number (param $n i64)
    (local $at i32)
    (local.set $at (i32.const 128))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10)))))
      (local.set $n (i64.div_u (local.get $n) (i64.const 10)))
      (br_if $digit (i64.ne (local.get $n) (i64.const 0))))
    (call $say (local.get $at) (i32.sub (i32.const 128) (local.get $at))))

  ;; Writes `len` bytes from 1024 on to a file; gives the errno.
  (func $write (param $fd i32) (param $len i32) (result i32)
    (i32.store (i32.const 256) (i32.const 1024))
    (i32.store (i32.const 260) (local.get $len))
    (call $fd_write (local.get $fd) (i32.const 256) (i32.const 1) (i32.const 264)))
  (func $errno (param $errno i32) (call $say_number (i64.extend_i32_u (local.get $errno))))

  ;; Each gives the errno, 0 for done.
  ;; Its input to standard output; to standard error.
  (func (export "out") (call $errno (call $write (i32.const 1) (call $input))))
  (func (export "err") (call $errno (call $write (i32.const 2) (call $input))))
  ;; Its input to the file `out.txt` of the first allowed folder.
  (func (export "file") (local $errno i32)
    (local.set $errno (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7)
      (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 272)))
    (if (i32.eqz (local.get $errno)) (then
      (local.set $errno (call $write (i32.load (i32.const 272)) (call $input)))
      (drop (call $fd_close (i32.load (i32.const 272))))))
    (call $errno (local.get $errno)))
  ;; The file of the first allowed folder whose name is the input, opened for reading: gives up to 4096 of its bytes, or
  ;; the errno. `../secret` and `/etc/passwd` are names to try.
  (func (export "read") (local $errno i32)
    (local.set $errno (call $path_open (i32.const 3) (i32.const 1) (i32.const 1024) (call $input)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 272)))
    (if (local.get $errno) (then (call $errno (local.get $errno)) (return)))
    (call $read (i32.load (i32.const 272)))
    (drop (call $fd_close (i32.load (i32.const 272)))))
  ;; Standard input: gives what there is, which is nothing.
  (func (export "stdin") (call $read (i32.const 0)))
  (func $read (param $fd i32) (local $errno i32)
    (i32.store (i32.const 256) (i32.const 1024))
    (i32.store (i32.const 260) (i32.const 4096))
    (local.set $errno (call $fd_read (local.get $fd) (i32.const 256) (i32.const 1) (i32.const 264)))
    (if (local.get $errno)
      (then (call $errno (local.get $errno)))
      (else (call $say (i32.const 1024) (i32.load (i32.const 264))))))
  ;; Arguments and environment variables, counted together: 0.
  (func (export "surroundings")
    (drop (call $args_sizes_get (i32.const 256) (i32.const 260)))
    (drop (call $environ_sizes_get (i32.const 264) (i32.const 268)))
    (call $errno (i32.add (i32.load (i32.const 256)) (i32.load (i32.const 264))))))
