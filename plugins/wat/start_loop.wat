;; Its start function never ends, so neither does the load. Proves that starting a plugin is under a deadline and
;; can be killed.
(module
  (memory (export "memory") 1)

  (func $spin (loop $for_ever (br $for_ever)))
  (start $spin)
  (func (export "run")))
