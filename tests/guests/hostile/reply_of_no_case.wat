;; Replies with neither `ok` nor `error`.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (func (export "do") (result i32) (i32.store8 (i32.const 128) (i32.const 7)) (i32.const 128)))
(core instance $deed (instantiate $deed-module (with "kit" (instance $kit))))
