;; Its start function calls the host: it logs `started` and counts itself in the variable `starts`. Proves how
;; often a start function runs for one plugin. Not for the extism SDK: a log or a variable in a start function ends
;; its process.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "starts")
  (data (i32.const 8) "started")

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

  (func $start (local $n i64)
    (local.set $n (call $starts))
    (i64.store (i32.const 64) (i64.add (local.get $n) (i64.const 1)))
    (call $var_set (call $block (i32.const 0) (i32.const 6)) (call $block (i32.const 64) (i32.const 8)))
    (call $log_info (call $block (i32.const 8) (i32.const 7))))
  (start $start)

  (func $starts (result i64) (local $value i64)
    (local.set $value (call $var_get (call $block (i32.const 0) (i32.const 6))))
    (if (result i64) (i64.eqz (local.get $value)) (then (i64.const 0)) (else (call $load_u64 (local.get $value)))))

  ;; Gives how often the start function ran.
  (func (export "starts") (call $say_number (call $starts))))
