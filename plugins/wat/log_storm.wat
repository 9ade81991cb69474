;; Logs without end. Proves that logs are bounded and that a terminal's control bytes in them do no harm.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "the same line once more")
  (data (i32.const 32) "\1b[2J\1b[H\07a\r\nb\ff\fe\1b]0;c\07")

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

  ;; The same short line without end.
  (func (export "run")
    (loop $for_ever
      (call $log_error (call $block (i32.const 0) (i32.const 23)))
      (br $for_ever)))

  ;; The line as often as the input says.
  (func (export "burst") (local $n i64)
    (call $numbers)
    (local.set $n (call $number))
    (loop $next
      (if (i64.gt_s (local.get $n) (i64.const 0)) (then
        (call $log_info (call $block (i32.const 0) (i32.const 23)))
        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
        (br $next)))))

  ;; One line of as many bytes as the input says, all 0.
  (func (export "long")
    (call $numbers)
    (call $log_warn (call $alloc (call $number))))

  ;; Bytes that clear a screen, ring, break lines and are no UTF-8.
  (func (export "hostile") (call $log_info (call $block (i32.const 32) (i32.const 20)))))
