;; Leaves through WASI's `proc_exit`. Proves that code 0 is a success and any other a failure that names the code.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "done")

  ;; The next number of the input, 0 when there is none: decimal, perhaps with a minus, ended by any other byte.
  (global $at (mut i64) (i64.const 0))
  (func $number (result i64)
    (local $n i64) (local $minus i32) (local $c i32)
    (block $end
      (loop $next
        (br_if $end (i64.ge_u (global.get $at) (call $input_length)))
        (local.set $c (call $input_load_u8 (global.get $at)))
        (global.set $at (i64.add (global.get $at) (i64.const 1)))
        (if (i32.eq (local.get $c) (i32.const 45)) (then (local.set $minus (i32.const 1)) (br $next)))
        (br_if $end (i32.or (i32.lt_u (local.get $c) (i32.const 48)) (i32.gt_u (local.get $c) (i32.const 57))))
        (local.set $n (i64.add (i64.mul (local.get $n) (i64.const 10))
          (i64.extend_i32_u (i32.sub (local.get $c) (i32.const 48)))))
        (br $next)))
    (if (result i64) (local.get $minus) (then (i64.sub (i64.const 0) (local.get $n))) (else (local.get $n))))
  ;; Goes back to the first number: globals live on from call to call.
  (func $numbers (global.set $at (i64.const 0)))

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

  ;; Leaves with the code that is its input (0 when empty), after setting the output `done`.
  (func (export "run")
    (call $numbers)
    (call $say (i32.const 0) (i32.const 4))
    (call $proc_exit (i32.wrap_i64 (call $number)))
    unreachable)

  ;; Leaves with code 0, but with an error set.
  (func (export "error")
    (call $error_set (call $block (i32.const 0) (i32.const 4)))
    (call $proc_exit (i32.const 0)))

  (func (export "nothing")))
