;; The blocks of one instance: a memory that only this module and the host can reach, and the loads and stores that the
;; PDK calls for every eight bytes. Wasm, so that such a call costs what a call between two modules costs. The table of
;; blocks (where each begins, how long it is) is the host's: nothing a guest can write says where the host reads. The
;; headers in front of the blocks are written for guests to read, and never read by the host.
;; What lies outside the memory reads as 0 and takes no store, as in Extism's own kernel.
(module
  (memory (export "memory") 1 65535)
  (global $input_offset (export "input_offset_global") (mut i64) (i64.const 0))
  (global $input_length (export "input_length_global") (mut i64) (i64.const 0))

  ;; The memory's size is at least a page, so that a width can be taken off it. Each function has the comparison itself: a
  ;; call of a function that does it would be a quarter of what a load costs.
  (func (export "load_u8") (param $offset i64) (result i32)
    (if (result i32)
      (i64.lt_u (local.get $offset) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then (i32.load8_u (i32.wrap_i64 (local.get $offset))))
      (else (i32.const 0))))
  (func (export "load_u64") (param $offset i64) (result i64)
    (if (result i64)
      (i64.le_u (local.get $offset) (i64.sub (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)) (i64.const 8)))
      (then (i64.load (i32.wrap_i64 (local.get $offset))))
      (else (i64.const 0))))
  (func (export "store_u8") (param $offset i64) (param $value i32)
    (if (i64.lt_u (local.get $offset) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
      (then (i32.store8 (i32.wrap_i64 (local.get $offset)) (local.get $value)))))
  (func (export "store_u64") (param $offset i64) (param $value i64)
    (if (i64.le_u (local.get $offset) (i64.sub (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)) (i64.const 8)))
      (then (i64.store (i32.wrap_i64 (local.get $offset)) (local.get $value)))))

  (func (export "input_length") (result i64) (global.get $input_length))
  (func (export "input_offset") (result i64) (global.get $input_offset))
  (func (export "input_load_u8") (param $at i64) (result i32)
    (if (result i32) (i64.lt_u (local.get $at) (global.get $input_length))
      (then (i32.load8_u (i32.wrap_i64 (i64.add (global.get $input_offset) (local.get $at)))))
      (else (i32.const 0))))
  ;; The sum wraps, as in the kernel: a guest can read what stands before its input, and nothing before the memory.
  (func (export "input_load_u64") (param $at i64) (result i64)
    (if (result i64) (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (global.get $input_length))
      (then (i64.const 0))
      (else (i64.load (i32.wrap_i64 (i64.add (global.get $input_offset) (local.get $at))))))))
