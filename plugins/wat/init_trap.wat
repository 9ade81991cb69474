;; Its `_initialize` traps. Proves that a failure while starting is reported as one, and is not taken for the
;; call's.
(module
  (memory (export "memory") 1)

  (func (export "_initialize") unreachable)
  (func (export "run")))
