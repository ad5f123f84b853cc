;; Begins with a table of ten million elements, 80 MB: as large as one may be declared.
(core module $deed-module
  (table 10000000 funcref)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
