;; Copies half of its memory of 30 MiB to the other half, over and over.
(core module $deed-module
  (memory 480)
  (func (export "do") (result i32)
    (loop $again
      (memory.copy (i32.const 0xf00000) (i32.const 0) (i32.const 0xf00000))
      (br $again))
    unreachable))
(core instance $deed (instantiate $deed-module))
