;; WASI 0.3, component-model async, and an import of nothing known.
(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance (export "wait-for" (func async))))
  (import "post" (func))
  (core module $m
    (func (export "f") (result i32) i32.const 0)
    (func (export "c") (param i32 i32 i32) (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func $f async (canon lift (core func $i "f") async (callback (func $i "c"))))
  (instance $e (export "handle" (func $f)))
  (export "portcullis:plugin/handler@0.1.0" (instance $e)))
