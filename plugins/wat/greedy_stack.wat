;; Uses up most of its wasm stack, and then, down there, starts a new `greedy_stack` and calls that one's `run`.
;; Input: `LEVELS FRAMES`: how many plugins below this one (0 when empty), and how many frames each lays first
;; (15000 when 0: most of wasmtime's 512 KiB). Proves that a chain of such calls does not use up the native stack.
;; Gives the number of plugins in the chain.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/user" "register_plugin" (func $register_plugin (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "greedy_stack")
  (data (i32.const 16) "run")
  (global $frames (mut i64) (i64.const 0))

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

  ;; Lays frames, each with values that live across the call, then does `$bottom`.
  (func $dig (param $frames i64) (param $levels i64) (result i64) (local $b i64) (local $c i64) (local $d i64)
    (local $n i64)
    (local.set $b (i64.mul (local.get $frames) (i64.const 3)))
    (local.set $c (i64.mul (local.get $b) (local.get $frames)))
    (local.set $d (i64.mul (local.get $c) (local.get $b)))
    (if (i64.eqz (local.get $frames)) (then (return (call $bottom (local.get $levels)))))
    (local.set $n (call $dig (i64.sub (local.get $frames) (i64.const 1)) (local.get $levels)))
    (i64.store (i32.const 200) (i64.xor (local.get $b) (i64.xor (local.get $c) (local.get $d))))
    (local.get $n))

  ;; Starts the next one and calls it with the numbers that are left; gives how many are in the chain from here on.
  (func $bottom (param $levels i64) (result i64) (local $output i64) (local $n i64) (local $i i64)
    (if (i64.eqz (local.get $levels)) (then (return (i64.const 1))))
    (local.set $output (call $call_plugin
      (call $register_plugin (call $block (i32.const 0) (i32.const 12)))
      (call $block (i32.const 16) (i32.const 3))
      (call $order (i64.sub (local.get $levels) (i64.const 1)))))
    ;; Its output is a decimal number.
    (loop $next
      (if (i64.lt_u (local.get $i) (call $length (local.get $output))) (then
        (local.set $n (i64.add (i64.mul (local.get $n) (i64.const 10))
          (i64.extend_i32_u (i32.sub (call $load_u8 (i64.add (local.get $output) (local.get $i))) (i32.const 48)))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br $next))))
    (i64.add (local.get $n) (i64.const 1)))

  ;; A block with `LEVELS FRAMES`, each as 20 digits.
  (func $order (param $levels i64) (result i64)
    (call $digits (i32.const 128) (local.get $levels))
    (i32.store8 (i32.const 148) (i32.const 32))
    (call $digits (i32.const 149) (global.get $frames))
    (call $block (i32.const 128) (i32.const 41)))
  (func $digits (param $at i32) (param $n i64) (local $i i32)
    (local.set $i (i32.const 19))
    (loop $next
      (i32.store8 (i32.add (local.get $at) (local.get $i))
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $n) (i64.const 10)))))
      (local.set $n (i64.div_u (local.get $n) (i64.const 10)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $next (i32.ge_s (local.get $i) (i32.const 0)))))

  (func (export "run") (local $levels i64)
    (call $numbers)
    (local.set $levels (call $number))
    (global.set $frames (call $number))
    (if (i64.eqz (global.get $frames)) (then (global.set $frames (i64.const 15000))))
    (call $say_number (call $dig (global.get $frames) (local.get $levels)))))
