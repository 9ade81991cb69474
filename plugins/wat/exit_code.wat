;; Exports that return codes, with and without output and error message. Proves what counts as a failure, and what
;; is said.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "error_get" (func $error_get (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "done")
  (data (i32.const 8) "as asked")

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

  (func $output (call $output_set (call $block (i32.const 0) (i32.const 4)) (i64.const 4)))
  (func $error (call $error_set (call $block (i32.const 8) (i32.const 8))))

  ;; Each sets the output `done` first.
  (func (export "code_0") (result i32) (call $output) (i32.const 0))
  (func (export "code_1") (result i32) (call $output) (i32.const 1))
  (func (export "code_7") (result i32) (call $output) (i32.const 7))
  (func (export "code_minus_1") (result i32) (call $output) (i32.const -1))

  ;; Each sets the error `as asked` too.
  (func (export "error_0") (result i32) (call $output) (call $error) (i32.const 0))
  (func (export "error_7") (result i32) (call $output) (call $error) (i32.const 7))
  (func (export "error_trap") (result i32) (call $output) (call $error) unreachable)

  ;; An error that is set and taken back: no failure.
  (func (export "error_cleared") (result i32)
    (call $output) (call $error) (call $error_set (i64.const 0)) (i32.const 0))

  ;; Gives what `error_get` says when nothing is set.
  (func (export "error_get") (result i32) (call $say_number (call $error_get)) (i32.const 0)))
