;; Calls itself until the stack is full, in three ways. Proves that this is a trap and not the end of the shell.
(module
  (memory (export "memory") 1)

  (func $self (param $n i64) (result i64)
    (i64.add (call $self (i64.add (local.get $n) (i64.const 1))) (local.get $n)))

  (type $step (func (param i64) (result i64)))
  (table funcref (elem $indirect))
  (func $indirect (type $step)
    (i64.add (call_indirect (type $step) (i64.add (local.get 0) (i64.const 1)) (i32.const 0)) (local.get 0)))

  ;; Many values live across the call: a big frame each.
  (func $wide (param $a i64) (result i64) (local $b i64) (local $c i64) (local $d i64) (local $e i64)
    (local.set $b (i64.mul (local.get $a) (i64.const 3)))
    (local.set $c (i64.mul (local.get $b) (local.get $a)))
    (local.set $d (i64.mul (local.get $c) (local.get $b)))
    (local.set $e (i64.mul (local.get $d) (local.get $c)))
    (i64.add (call $wide (local.get $e))
      (i64.xor (i64.xor (local.get $a) (local.get $b))
        (i64.xor (local.get $c) (i64.xor (local.get $d) (local.get $e))))))

  (func (export "run") (drop (call $self (i64.const 0))))
  (func (export "indirect") (drop (call $indirect (i64.const 0))))
  (func (export "wide") (drop (call $wide (i64.const 1)))))
