;; Like wild_handles, for the functions that reach other plugins: each export hands the numbers of its input to the
;; import of its own name (ids and handles alike) and gives what came back as a decimal. Proves that wild ids and
;; handles are refused, whatever the function.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/user" "register_plugin" (func $register_plugin (param i64) (result i64)))
  (import "extism:host/user" "call_plugin" (func $call_plugin (param i64 i64 i64) (result i64)))
  (import "extism:host/user" "try_call_plugin" (func $try_call_plugin (param i64 i64 i64) (result i64)))
  (import "extism:host/user" "call_error" (func $call_error (result i64)))
  (import "extism:host/user" "free_plugin" (func $free_plugin (param i64)))
  (import "extism:host/user" "find_plugin" (func $find_plugin (param i64) (result i64)))
  (import "extism:host/user" "self_plugin" (func $self_plugin (result i64)))
  (import "extism:host/user" "parent_plugin" (func $parent_plugin (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "no_result")
  (data (i32.const 16) "run")

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

  (func (export "register_plugin") (call $numbers) (call $say_number (call $register_plugin (call $number))))
  (func (export "call_plugin")
    (call $numbers)
    (call $say_number (call $call_plugin (call $number) (call $number) (call $number))))
  (func (export "try_call_plugin")
    (call $numbers)
    (call $say_number (call $try_call_plugin (call $number) (call $number) (call $number))))
  (func (export "call_error") (call $numbers) (call $say_number (call $call_error)))
  (func (export "free_plugin") (call $numbers) (call $free_plugin (call $number)))
  (func (export "find_plugin") (call $numbers) (call $say_number (call $find_plugin (call $number))))
  (func (export "self_plugin") (call $numbers) (call $say_number (call $self_plugin)))
  (func (export "parent_plugin") (call $numbers) (call $say_number (call $parent_plugin)))

  ;; Calls a child of its own with wild handles for the function's name and the input: the input's two numbers.
  (func (export "call_child") (local $id i64)
    (call $numbers)
    (local.set $id (call $register_plugin (call $block (i32.const 0) (i32.const 9))))
    (call $say_number (call $call_plugin (local.get $id) (call $number) (call $number))))

  ;; The handle of the child's output, freed and read again: gives its length, 0 when it is gone.
  (func (export "freed_output") (local $output i64)
    (local.set $output (call $call_plugin
      (call $register_plugin (call $block (i32.const 0) (i32.const 9)))
      (call $block (i32.const 16) (i32.const 3)) (i64.const 0)))
    (call $free (local.get $output))
    (call $say_number (call $length (local.get $output)))))
