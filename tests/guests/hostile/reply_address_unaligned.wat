;; Gives a reply at an address that no reply may have.
(core module $deed-module (func (export "do") (result i32) (i32.const 17)))
(core instance $deed (instantiate $deed-module))
