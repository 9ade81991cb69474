;; Imports `alloc` with another type than the host's. Proves that the load fails, and says which import does not
;; fit.
(module
  (import "extism:host/env" "alloc" (func $alloc (param i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "run") (drop (call $alloc (i32.const 8)))))
