;; The bulk path by its plain imports, for plugins that need not run in another host. The ABI is in plugsh-
;; guest/BULK.md. Proves what is copied, and that nothing outside of a block or of the memory is.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "plugsh:bulk" "read" (func $read (param i64 i64 i32 i32) (result i32)))
  (import "plugsh:bulk" "write" (func $write (param i64 i64 i32 i32) (result i32)))
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

  ;; Room for `len` bytes in memory from 1024 on.
  (func $room (param $len i64)
    (local $pages i32)
    (local.set $pages (i32.sub
      (i32.wrap_i64 (i64.shr_u (i64.add (local.get $len) (i64.const 66559)) (i64.const 16))) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0)) (then
      (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable)))))
  ;; Traps where the host could not copy.
  (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))

  ;; Gives its input back: block -> memory -> a new block.
  (func (export "echo") (local $len i64) (local $output i64)
    (local.set $len (call $input_length))
    (if (i64.eqz (local.get $len)) (then (return)))
    (call $room (local.get $len))
    (call $must (call $read (call $input_offset) (i64.const 0) (i32.const 1024) (i32.wrap_i64 (local.get $len))))
    (local.set $output (call $alloc (local.get $len)))
    (call $must (call $write (local.get $output) (i64.const 0) (i32.const 1024) (i32.wrap_i64 (local.get $len))))
    (call $output_set (local.get $output) (local.get $len)))

  ;; Gives the four bytes of its input from the second on.
  (func (export "middle") (local $output i64)
    (call $must (call $read (call $input_offset) (i64.const 1) (i32.const 1024) (i32.const 4)))
    (local.set $output (call $alloc (i64.const 4)))
    (call $must (call $write (local.get $output) (i64.const 0) (i32.const 1024) (i32.const 4)))
    (call $output_set (local.get $output) (i64.const 4)))

  ;; Copies that must all be refused; gives how many were done, 0.
  (func (export "refused") (local $b i64)
    (global.set $done (i64.const 0))
    (local.set $b (call $alloc (i64.const 16)))
    ;; Past the block's end, by length and by offset, and where their sum wraps around.
    (call $tally (call $read (local.get $b) (i64.const 0) (i32.const 1024) (i32.const 17)))
    (call $tally (call $write (local.get $b) (i64.const 16) (i32.const 1024) (i32.const 1)))
    (call $tally (call $read (local.get $b) (i64.const -1) (i32.const 1024) (i32.const 2)))
    ;; Past the memory's end, and where address and length wrap around.
    (call $tally (call $read (local.get $b) (i64.const 0)
      (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)) (i32.const 2)))
    (call $tally (call $write (local.get $b) (i64.const 0) (i32.const -1) (i32.const 2)))
    ;; A length that is all ones.
    (call $tally (call $read (local.get $b) (i64.const 0) (i32.const 0) (i32.const -1)))
    ;; No such block: 0, one that is freed, one that never was.
    (call $tally (call $read (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1)))
    (call $free (local.get $b))
    (call $tally (call $read (local.get $b) (i64.const 0) (i32.const 0) (i32.const 1)))
    (call $tally (call $write (i64.const -1) (i64.const 0) (i32.const 0) (i32.const 1)))
    (call $say_number (global.get $done)))

  (global $done (mut i64) (i64.const 0))
  (func $tally (param i32) (global.set $done (i64.add (global.get $done) (i64.extend_i32_u (local.get 0))))))
