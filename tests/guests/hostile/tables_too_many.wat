;; Has 65 tables.
(core module $deed-module
  ;;repeat 65 (table 0 funcref)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
