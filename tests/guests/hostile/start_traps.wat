;; Traps in its start function.
(core module $deed-module
  (func $start unreachable)
  (start $start)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
