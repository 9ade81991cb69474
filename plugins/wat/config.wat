;; `get KEY` gives a value of the manifest's configuration, or `null`. `memory_bytes` and `log_level` give what the
;; host says. Proves that configuration reaches the plugin.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "memory_bytes" (func $memory_bytes (result i64)))
  (import "extism:host/env" "get_log_level" (func $get_log_level (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "null")

  ;; Copies the input to memory from 1024 on, growing it where needed; gives the length.
  (func $input (result i32)
    (local $len i32) (local $i i32) (local $pages i32)
    (local.set $len (i32.wrap_i64 (call $input_length)))
    (local.set $pages (i32.sub
      (i32.shr_u (i32.add (local.get $len) (i32.const 66559)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0)) (then (drop (memory.grow (local.get $pages)))))
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $len)) (then
        (i32.store8 (i32.add (i32.const 1024) (local.get $i))
          (call $input_load_u8 (i64.extend_i32_u (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next))))
    (local.get $len))

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

  (func (export "get") (local $value i64)
    (local.set $value (call $config_get (call $block (i32.const 1024) (call $input))))
    (if (i64.eqz (local.get $value))
      (then (call $say (i32.const 0) (i32.const 4)))
      (else (call $output_set (local.get $value) (call $length (local.get $value))))))
  (func (export "memory_bytes") (call $say_number (call $memory_bytes)))
  (func (export "log_level") (call $say_number (i64.extend_i32_u (call $get_log_level)))))
