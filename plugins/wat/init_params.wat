;; Its `_initialize` takes a number, which an initialiser does not: notes `i` if it is run all the same. Proves
;; that this is seen when the plugin is loaded, where the extism SDK refuses it, and stops nothing else.
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

  (func (export "_initialize") (param i32) (call $note (i32.const 105)))

  ;; Gives which initialisers ran, in their order.
  (func (export "run") (call $say (i32.const 256) (global.get $len))))
