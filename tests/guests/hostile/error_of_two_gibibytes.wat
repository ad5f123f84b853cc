;; Answers with an error value whose code and message have 2 GiB less one byte each.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (func (export "do") (result i32)
    (i32.store8 (i32.const 128) (i32.const 1))
    (i32.store (i32.const 136) (i32.const 0x7fffffff))
    (i32.store (i32.const 144) (i32.const 0x7fffffff))
    (i32.const 128)))
(core instance $deed (instantiate $deed-module (with "kit" (instance $kit))))
