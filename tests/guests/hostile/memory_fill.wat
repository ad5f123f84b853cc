;; Fills its whole memory of 30 MiB, over and over.
(core module $deed-module
  (memory 480)
  (func (export "do") (result i32)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1e00000))
      (br $again))
    unreachable))
(core instance $deed (instantiate $deed-module))
