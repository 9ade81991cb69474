;; Its `_initialize` never ends, so the plugin is never ready. Proves that initialisers are under a deadline and
;; can be killed.
(module
  (memory (export "memory") 1)

  (func (export "_initialize") (loop $for_ever (br $for_ever)))
  (func (export "run")))
