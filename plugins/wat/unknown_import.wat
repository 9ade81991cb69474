;; Imports a function that no host has. Proves that the load fails, and names the import.
(module
  (import "extism:host/user" "no_such_function" (func $missing))
  (memory (export "memory") 1)

  (func (export "run") (call $missing)))
