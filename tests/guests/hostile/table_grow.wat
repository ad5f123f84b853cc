;; Asks for a table of 2^31 elements, and then grows it until it is refused.
(core module $deed-module
  (table $table 1 funcref)
  (func (export "do") (result i32)
    (if (i32.ne (table.grow $table (ref.null func) (i32.const 0x7fffffff)) (i32.const -1))
      (then unreachable))
    (loop $again
      (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 4096)) (i32.const -1))))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module))
