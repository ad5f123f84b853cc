;; The names of the contract with other types, and an import that is known.
(component
  (import "wasi:io/poll@0.2.6" (instance (export "poll" (func))))
  (import "portcullis:plugin/port@0.1.5" (instance (export "post" (func)) (export "post-later" (func)) (export "close" (func))))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (instance $e (export "handle" (func $f)))
  (export "portcullis:plugin/handler@0.1.0" (instance $e))
  (export "portcullis:plugin/session@0.2.0" (instance $e))
  (export "wasi:cli/run@0.2.6" (instance $e)))
