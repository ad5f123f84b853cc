;; Has a data segment that lies outside of its memory.
(core module $deed-module
  (memory 1)
  (data (i32.const 65530) "too long for the end of the page")
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
