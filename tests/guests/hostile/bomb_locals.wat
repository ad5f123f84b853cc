;; Has a function with 50 001 locals.
(core module $deed-module
  (func (export "do") (result i32)
    (local
      ;;repeat 50001 i32
    )
    (i32.const 16)))
(core instance $deed (instantiate $deed-module))
