;; The variables, one function each. Proves that they live from call to call, are bounded, and can be removed.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
  (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "null")
  (data (i32.const 8) "big")
  (data (i32.const 16) "n")

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

  ;; Where the first byte `c` of memory from 1024 on is, counted from there; `len` when there is none.
  (func $split (param $c i32) (param $len i32) (result i32)
    (local $i i32)
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $len)))
        (br_if $end (i32.eq (i32.load8_u (i32.add (i32.const 1024) (local.get $i))) (local.get $c)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $i))

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

  ;; `KEY VALUE`: sets a variable; without a value it is removed, since no bytes have the handle 0.
  (func (export "set") (local $len i32) (local $key i32)
    (local.set $len (call $input))
    (local.set $key (call $split (i32.const 32) (local.get $len)))
    (call $var_set
      (call $block (i32.const 1024) (local.get $key))
      (call $block (i32.add (i32.const 1025) (local.get $key))
        (select (i32.sub (i32.sub (local.get $len) (local.get $key)) (i32.const 1)) (i32.const 0)
          (i32.lt_u (local.get $key) (local.get $len))))))

  ;; `KEY`: gives the variable, or `null`.
  (func (export "get") (local $value i64)
    (local.set $value (call $var_get (call $block (i32.const 1024) (call $input))))
    (if (i64.eqz (local.get $value))
      (then (call $say (i32.const 0) (i32.const 4)))
      (else (call $output_set (local.get $value) (call $length (local.get $value))))))

  ;; `KEY`: removes the variable.
  (func (export "remove") (call $var_set (call $block (i32.const 1024) (call $input)) (i64.const 0)))

  ;; `BYTES`: sets the variable `big` to so many bytes.
  (func (export "big")
    (call $numbers)
    (call $var_set (call $block (i32.const 8) (i32.const 3)) (call $alloc (call $number))))

  ;; Adds one to the variable `n`, eight bytes, and gives it. `trap` does so too and then traps.
  (func $bump (result i64) (local $value i64)
    (local.set $value (call $var_get (call $block (i32.const 16) (i32.const 1))))
    (i64.store (i32.const 24) (i64.add (i64.const 1)
      (if (result i64) (i64.eqz (local.get $value)) (then (i64.const 0)) (else (call $load_u64 (local.get $value))))))
    (call $var_set (call $block (i32.const 16) (i32.const 1)) (call $block (i32.const 24) (i32.const 8)))
    (i64.load (i32.const 24)))
  (func (export "bump") (call $say_number (call $bump)))
  (func (export "trap") (drop (call $bump)) unreachable))
