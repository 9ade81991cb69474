;; Writes over the bytes before one of its blocks, where Extism's own kernel keeps the block's status (byte -12),
;; size (-8) and used length (-4), and then uses the block. Proves that a guest cannot make the host believe in a
;; block that is longer than it is. A host may also stop the guest at the forging store.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (memory (export "memory") 1)

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

  ;; A block of 16 bytes that claims to have `$size` bytes.
  (func $forge (param $size i64) (result i64)
    (local $handle i64)
    (local.set $handle (call $alloc (i64.const 16)))
    (call $store_u64 (i64.sub (local.get $handle) (i64.const 8))
      (i64.or (local.get $size) (i64.shl (local.get $size) (i64.const 32))))
    (local.get $handle))

  ;; Gives what `length` says of a forged block: an honest host, if it comes to that, says 16.
  (func (export "length") (call $say_number (call $length (call $forge (i64.const 0xffffffff)))))

  ;; Each uses a forged block in another way.
  (func (export "output") (call $output_set (call $forge (i64.const 0xfffffff0)) (i64.const 0xfffffff0)))
  (func (export "error") (call $error_set (call $forge (i64.const 0xfffffff0))))
  (func (export "log") (call $log_error (call $forge (i64.const 0xfffffff0))))
  (func (export "var") (call $var_set (call $forge (i64.const 0xfffffff0)) (call $forge (i64.const 0xfffffff0))))
  (func (export "config") (drop (call $config_get (call $forge (i64.const 0xfffffff0)))))

  ;; A block whose size is 0 and whose status is neither free nor used: the walk over the blocks must not stand still.
  (func (export "endless") (local $handle i64)
    (local.set $handle (call $forge (i64.const 0)))
    (call $store_u8 (i64.sub (local.get $handle) (i64.const 12)) (i32.const 255))
    (call $say_number (call $length (i64.add (call $alloc (i64.const 16)) (i64.const 1))))))
