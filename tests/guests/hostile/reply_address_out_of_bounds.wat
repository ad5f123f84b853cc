;; Gives a reply that is itself beyond its memory.
(core module $deed-module (func (export "do") (result i32) (i32.const 0xfffffff0)))
(core instance $deed (instantiate $deed-module))
