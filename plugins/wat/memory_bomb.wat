;; Grows its memory a page at a time until it is refused, and writes to each page, so that it is really there.
;; Proves that memory is bounded, and that the guest is told so.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
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

  (func $bomb (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.ne (local.get $page) (i32.const -1)) (then
        (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const 1))
        (br $more)))))

  ;; Gives how many pages it has in the end.
  (func (export "run") (call $bomb) (call $say_number (i64.extend_i32_u (memory.size))))

  ;; Traps once it is refused.
  (func (export "crash") (call $bomb) unreachable)

  ;; Takes Extism blocks of 64 KiB without end, and frees none.
  (func (export "blocks")
    (loop $more
      (drop (call $alloc (i64.const 65536)))
      (br $more)))

  ;; Takes empty Extism blocks without end: they have no bytes, but are still blocks.
  (func (export "empty_blocks")
    (loop $more
      (drop (call $alloc (i64.const 0)))
      (br $more))))
