;; Calls `pong`, which calls `ping`: found by name, started where there is none. Proves that a call in a circle
;; fails at once and names the circle (`run`), and that two jobs which wait for each other are found (`slow` of
;; both at the same time).
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/user" "find_plugin" (func $find_plugin (param i64) (result i64)))
  (import "extism:host/user" "register_plugin" (func $register_plugin (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "pong")
  (data (i32.const 8) "run")
  (data (i32.const 16) "hello")
  (data (i32.const 24) "ping")

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

  (func $other (result i64) (local $id i64)
    (local.set $id (call $find_plugin (call $block (i32.const 0) (i32.const 4))))
    (if (i64.eqz (local.get $id)) (then
      (local.set $id (call $register_plugin (call $block (i32.const 0) (i32.const 4))))))
    (local.get $id))
  ;; Calls `pong` and gives what it gives. The name of the function is at `$at`.
  (func $relay (param $at i32) (param $len i32) (local $output i64)
    (local.set $output (call $call_plugin (call $other) (call $block (local.get $at) (local.get $len)) (i64.const 0)))
    (call $output_set (local.get $output) (call $length (local.get $output))))

  ;; The circle: calls `run` of `pong`, which calls `run` of this one.
  (func (export "run") (call $relay (i32.const 8) (i32.const 3)))
  ;; No circle: gives `pong`.
  (func (export "once") (call $relay (i32.const 16) (i32.const 5)))
  ;; Counts to the number of its input (50,000,000 when empty), then does as `once`.
  (func (export "slow") (local $n i64)
    (call $numbers)
    (local.set $n (call $number))
    (if (i64.eqz (local.get $n)) (then (local.set $n (i64.const 50000000))))
    (loop $next
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $next (i64.gt_s (local.get $n) (i64.const 0))))
    (call $relay (i32.const 16) (i32.const 5)))
  ;; Gives its own name.
  (func (export "hello") (call $say (i32.const 24) (i32.const 4))))
