;; Has 10 000 core instances.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
;;repeat 10000 (core instance (instantiate $deed-module))
