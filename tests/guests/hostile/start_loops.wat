;; Never comes back from its start function.
(core module $deed-module
  (func $start (loop $again (br $again)))
  (start $start)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
