;; Starts plugins without end. Proves that the number of processes is bounded, and that the bound can be got out
;; of.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/user" "register_plugin" (func $register_plugin (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (import "extism:host/user" "free_plugin" (func $free_plugin (param i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "spawn_storm")
  (data (i32.const 16) "bomb")

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

  (func $spawn (result i64) (call $register_plugin (call $block (i32.const 0) (i32.const 11))))

  ;; Starts itself again and again, until it is refused.
  (func (export "run") (loop $for_ever (drop (call $spawn)) (br $for_ever)))

  ;; A fork bomb: starts itself and calls the new one's `bomb`, and so does that one.
  (func (export "bomb")
    (drop (call $call_plugin (call $spawn) (call $block (i32.const 16) (i32.const 4)) (i64.const 0))))

  ;; Starts and frees without end: never more than one child.
  (func (export "churn") (loop $for_ever (call $free_plugin (call $spawn)) (br $for_ever))))
