;; Has a million functions and one.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16))
  ;;repeat 1000000 (func)
)
(core instance $deed (instantiate $deed-module))
