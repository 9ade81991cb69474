;; The bulk path by the doorbell, for plugins that must also run in another host: a call of `length` with bit 63
;; set and the address of a request. The ABI is in plugsh-guest/BULK.md. Proves each operation, and that a guest
;; can go on without them: `echo` gives its input back in any host.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (memory (export "memory") 1)

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

  ;; Rings for the request at 256: 1 when it was done.
  (func $ring (param $op i32) (param $ptr i32) (param $handle i64) (param $offset i64) (param $len i64) (result i32)
    (i32.store (i32.const 256) (local.get $op))
    (i32.store (i32.const 260) (local.get $ptr))
    (i64.store (i32.const 264) (local.get $handle))
    (i64.store (i32.const 272) (local.get $offset))
    (i64.store (i32.const 280) (local.get $len))
    (i64.store (i32.const 288) (i64.const 0))
    (i64.eq (i64.const 1) (call $length (i64.const 0x8000000000000100))))

  ;; Gives 1 where the host has the bulk path, 0 elsewhere.
  (func (export "probe")
    (call $say_number (i64.extend_i32_u
      (call $ring (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))))

  ;; Gives its input back: op 4 and op 3, or else byte by byte.
  (func (export "echo") (local $len i32)
    (local.set $len (i32.wrap_i64 (call $input_length)))
    (if (i32.gt_u (local.get $len) (i32.const 64512)) (then unreachable))
    (if (i32.eqz (call $ring (i32.const 4) (i32.const 1024) (i64.const 0) (i64.const 0)
        (i64.extend_i32_u (local.get $len))))
      (then (drop (call $input))))
    (if (call $ring (i32.const 3) (i32.const 1024) (i64.const 0) (i64.const 0) (i64.extend_i32_u (local.get $len)))
      (then (call $output_set (i64.load (i32.const 264)) (i64.extend_i32_u (local.get $len))))
      (else (call $say (i32.const 1024) (local.get $len)))))

  ;; Gives its input back by way of a block: op 4, op 2 into it in two halves, op 1 out of it, op 3. Needs the path.
  (func (export "all") (local $len i64) (local $half i64) (local $b i64)
    (local.set $len (call $input_length))
    (if (i64.eqz (local.get $len)) (then (return)))
    (if (i64.gt_u (local.get $len) (i64.const 16384)) (then unreachable))
    (local.set $half (i64.shr_u (local.get $len) (i64.const 1)))
    (local.set $b (call $alloc (local.get $len)))
    (call $must (call $ring (i32.const 4) (i32.const 1024) (i64.const 0) (i64.const 0) (local.get $len)))
    (call $must (call $ring (i32.const 2) (i32.const 1024) (local.get $b) (i64.const 0) (local.get $half)))
    (call $must (call $ring (i32.const 2) (i32.add (i32.const 1024) (i32.wrap_i64 (local.get $half)))
      (local.get $b) (local.get $half) (i64.sub (local.get $len) (local.get $half))))
    (call $must (call $ring (i32.const 1) (i32.const 32768) (local.get $b) (i64.const 0) (local.get $len)))
    (call $must (call $ring (i32.const 3) (i32.const 32768) (i64.const 0) (i64.const 0) (local.get $len)))
    (call $output_set (i64.load (i32.const 264)) (local.get $len)))
  (func $must (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))

  ;; Requests that must all be refused; gives how many were done, 0.
  (func (export "refused") (local $b i64)
    (global.set $done (i64.const 0))
    (local.set $b (call $alloc (i64.const 16)))
    ;; An op that does not exist.
    (call $tally (call $ring (i32.const 99) (i32.const 1024) (local.get $b) (i64.const 0) (i64.const 1)))
    ;; Past the block, past the memory, wrapping around.
    (call $tally (call $ring (i32.const 1) (i32.const 1024) (local.get $b) (i64.const 0) (i64.const 17)))
    (call $tally (call $ring (i32.const 2) (i32.const 1024) (local.get $b) (i64.const -1) (i64.const 2)))
    (call $tally (call $ring (i32.const 1) (i32.const 65535) (local.get $b) (i64.const 0) (i64.const 2)))
    (call $tally (call $ring (i32.const 3) (i32.const 1024) (i64.const 0) (i64.const 0) (i64.const -1)))
    (call $tally (call $ring (i32.const 4) (i32.const 1024) (i64.const 0) (call $input_length) (i64.const 1)))
    ;; No such block.
    (call $tally (call $ring (i32.const 1) (i32.const 1024) (i64.const 0) (i64.const 0) (i64.const 1)))
    ;; The request itself past the end of the memory, by little, by much, and in the bits above an address.
    (call $tally (i64.eq (i64.const 1) (call $length (i64.const 0x800000000000fff0))))
    (call $tally (i64.eq (i64.const 1) (call $length (i64.const 0x80000000fffffff0))))
    (call $tally (i64.eq (i64.const 1) (call $length (i64.const -1))))
    (call $say_number (global.get $done)))

  (global $done (mut i64) (i64.const 0))
  (func $tally (param i32) (global.set $done (i64.add (global.get $done) (i64.extend_i32_u (local.get 0))))))
