;; Imports a function that Extism's own module does not have. Proves that the load fails, and names the import.
(module
  (import "extism:host/env" "no_such_function" (func $missing))
  (memory (export "memory") 1)

  (func (export "run") (call $missing)))
