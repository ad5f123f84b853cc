;; Grows its memory until it is refused, and traps as an allocator does then.
(core module $deed-module
  (memory 1)
  (func (export "do") (result i32)
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    unreachable))
(core instance $deed (instantiate $deed-module))
