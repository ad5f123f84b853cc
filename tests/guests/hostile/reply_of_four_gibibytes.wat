;; Replies with a text of 4 GiB less one byte that begins at the last address.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (func (export "do") (result i32)
    (i32.store (i32.const 132) (i32.const 0xffffffff))
    (i32.store (i32.const 136) (i32.const 0xffffffff))
    (i32.const 128)))
(core instance $deed (instantiate $deed-module (with "kit" (instance $kit))))
