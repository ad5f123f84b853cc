;; Executes `unreachable`.
(core module $deed-module (func (export "do") (result i32) unreachable))
(core instance $deed (instantiate $deed-module))
