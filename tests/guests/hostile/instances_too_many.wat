;; Has 65 core instances beside its own.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
;;repeat 65 (core instance (instantiate $deed-module))
