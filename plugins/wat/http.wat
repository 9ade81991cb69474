;; HTTP. Input of each: the request as JSON, `{"url":"http://...","method":"POST","headers":{"a":"b"}}`, and after
;; the first newline, if there is one, the body. Proves what requests send and give, and which hosts are allowed.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "http_request" (func $http_request (param i64 i64) (result i64)))
  (import "extism:host/env" "http_status_code" (func $http_status_code (result i32)))
  (import "extism:host/env" "http_headers" (func $http_headers (result i64)))
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

  ;; Makes the request of the input; gives the handle of the response's body.
  (func $request (result i64) (local $len i32) (local $head i32)
    (local.set $len (call $input))
    (local.set $head (call $split (i32.const 10) (local.get $len)))
    (call $http_request
      (call $block (i32.const 1024) (local.get $head))
      (if (result i64) (i32.ge_u (i32.add (local.get $head) (i32.const 1)) (local.get $len))
        (then (i64.const 0))
        (else (call $block (i32.add (i32.const 1025) (local.get $head))
          (i32.sub (i32.sub (local.get $len) (local.get $head)) (i32.const 1)))))))
  (func $give (param $handle i64) (call $output_set (local.get $handle) (call $length (local.get $handle))))

  ;; The response's body.
  (func (export "run") (call $give (call $request)))
  ;; Its status code.
  (func (export "status") (drop (call $request)) (call $say_number (i64.extend_i32_u (call $http_status_code))))
  ;; Its headers, as JSON; nothing when the host gives none.
  (func (export "headers") (drop (call $request)) (call $give (call $http_headers)))
  ;; The last request's status code plus the length of its headers; without a request 0.
  (func (export "none")
    (call $say_number (i64.add (i64.extend_i32_u (call $http_status_code)) (call $length (call $http_headers))))))
