;; A Haskell reactor: `_initialize` (notes `i`), then `hs_init` with two zeros (notes `h`, or `x` for other
;; arguments). Proves their order, and that `__wasm_call_ctors` (would note `c`) is not run as well: `run` gives
;; `ih`.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (global $len (mut i32) (i32.const 0))
  ;; Notes one letter for each initialiser that runs.
  (func $note (param $letter i32)
    (i32.store8 (i32.add (i32.const 256) (global.get $len)) (local.get $letter))
    (global.set $len (i32.add (global.get $len) (i32.const 1))))

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

  (func (export "_initialize") (call $note (i32.const 105)))
  (func (export "__wasm_call_ctors") (call $note (i32.const 99)))
  (func (export "hs_init") (param $argc i32) (param $argv i32)
    (call $note (if (result i32) (i32.or (local.get $argc) (local.get $argv))
      (then (i32.const 120)) (else (i32.const 104)))))

  ;; Gives which initialisers ran, in their order.
  (func (export "run") (call $say (i32.const 256) (global.get $len))))
