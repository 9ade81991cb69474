;; Each export hands the numbers of its input, as they are, to the import of its own name, and gives what came back
;; as a decimal: `call wild_handles load_u64 18446744073709551615`, `call wild_handles store_u8 64 -1`. Proves that
;; no handle, length or offset that a guest makes up reaches past its own blocks.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "length_unsafe" (func $length_unsafe (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "extism:host/env" "log_trace" (func $log_trace (param i64)))
  (import "extism:host/env" "log_debug" (func $log_debug (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (memory (export "memory") 1)

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

  (func (export "alloc") (call $numbers) (call $say_number (call $alloc (call $number))))
  (func (export "free") (call $numbers) (call $free (call $number)))
  (func (export "length") (call $numbers) (call $say_number (call $length (call $number))))
  (func (export "length_unsafe") (call $numbers) (call $say_number (call $length_unsafe (call $number))))
  (func (export "load_u8") (call $numbers) (call $say_number (i64.extend_i32_u (call $load_u8 (call $number)))))
  (func (export "load_u64") (call $numbers) (call $say_number (call $load_u64 (call $number))))
  (func (export "store_u8") (call $numbers) (call $store_u8 (call $number) (i32.wrap_i64 (call $number))))
  (func (export "store_u64") (call $numbers) (call $store_u64 (call $number) (call $number)))
  (func (export "input_load_u8")
    (call $numbers)
    (call $say_number (i64.extend_i32_u (call $input_load_u8 (call $number)))))
  (func (export "input_load_u64") (call $numbers) (call $say_number (call $input_load_u64 (call $number))))
  (func (export "output_set") (call $numbers) (call $output_set (call $number) (call $number)))
  (func (export "error_set") (call $numbers) (call $error_set (call $number)))
  (func (export "config_get") (call $numbers) (call $say_number (call $config_get (call $number))))
  (func (export "var_get") (call $numbers) (call $say_number (call $var_get (call $number))))
  (func (export "var_set") (call $numbers) (call $var_set (call $number) (call $number)))
  (func (export "http_request")
    (call $numbers)
    (call $say_number (call $http_request (call $number) (call $number))))
  (func (export "log_trace") (call $numbers) (call $log_trace (call $number)))
  (func (export "log_debug") (call $numbers) (call $log_debug (call $number)))
  (func (export "log_info") (call $numbers) (call $log_info (call $number)))
  (func (export "log_warn") (call $numbers) (call $log_warn (call $number)))
  (func (export "log_error") (call $numbers) (call $log_error (call $number)))

  ;; A block of its own, freed twice, then used: gives what `length` says of it.
  (func (export "use_after_free") (local $handle i64)
    (local.set $handle (call $alloc (i64.const 64)))
    (call $free (local.get $handle))
    (call $free (local.get $handle))
    (call $say_number (call $length (local.get $handle))))

  ;; The input's number as the length of an output that starts in a block of 8 bytes.
  (func (export "long_output")
    (call $numbers)
    (call $output_set (call $alloc (i64.const 8)) (call $number)))

  ;; A handle that points into a block and not to its start: gives `length` of it.
  (func (export "inner_length")
    (call $say_number (call $length (i64.add (call $alloc (i64.const 64)) (i64.const 8))))))
