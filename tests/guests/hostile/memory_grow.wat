;; Grows its memory until it is refused, fills all of it, and goes on.
(core module $deed-module
  (memory 1)
  (func (export "do") (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536)))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module))
