;; Begins with a memory of 512 pages; with the page of the kit that is one more than 32 MiB.
(core module $deed-module
  (memory 512)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
