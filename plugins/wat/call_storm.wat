;; Calls a child without end. Proves that a plugin which only ever calls can be stopped, and fills nothing.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/user" "register_plugin" (func $register_plugin (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (import "extism:host/user" "try_call_plugin" (func $try_call_plugin (param i64 i64 i64) (result i64)))
  (import "extism:host/user" "call_error" (func $call_error (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "call_storm")
  (data (i32.const 16) "nothing!")

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

  (func $child (result i64) (call $register_plugin (call $block (i32.const 0) (i32.const 10))))

  ;; Calls that succeed, without end; the blocks that it makes are freed.
  (func (export "run") (local $id i64) (local $name i64)
    (local.set $id (call $child))
    (local.set $name (call $block (i32.const 16) (i32.const 7)))
    (loop $for_ever
      (drop (call $call_plugin (local.get $id) (local.get $name) (i64.const 0)))
      (br $for_ever)))

  ;; Calls that fail and are caught, without end: there is no function `nothing!`.
  (func (export "fail") (local $id i64) (local $name i64)
    (local.set $id (call $child))
    (local.set $name (call $block (i32.const 16) (i32.const 8)))
    (loop $for_ever
      (drop (call $try_call_plugin (local.get $id) (local.get $name) (i64.const 0)))
      (call $free (call $call_error))
      (br $for_ever)))

  ;; Calls an id that nobody has, caught, without end.
  (func (export "nobody") (local $name i64)
    (local.set $name (call $block (i32.const 16) (i32.const 7)))
    (loop $for_ever
      (drop (call $try_call_plugin (i64.const 999999999) (local.get $name) (i64.const 0)))
      (call $free (call $call_error))
      (br $for_ever)))

  (func (export "nothing")))
