;; Exports that cannot be called as a plugin's function, and one that can. Proves that each is refused with its
;; reason.
(module
  (memory (export "memory") 1)

  (func (export "good") (result i32) (i32.const 0))
  (func (export "takes_one") (param i32) (result i32) (local.get 0))
  (func (export "gives_two") (result i32 i32) (i32.const 0) (i32.const 0))
  (func (export "gives_i64") (result i64) (i64.const 7))
  (func (export "gives_f32") (result f32) (f32.const 7))
  (func (export "gives_ref") (result funcref) (ref.null func))
  (global (export "a_global") i32 (i32.const 7))
  (table (export "a_table") 1 funcref)
  ;; Names that look like something else.
  (func (export "") (result i32) (i32.const 0))
  (func (export "two words") (result i32) (i32.const 0))
  (func (export "\1b[31mred") (result i32) (i32.const 0)))
