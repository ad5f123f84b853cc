;; Makes 66 tables by a component that is handed around: the file shows two, the compiler sees them all.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
(component $many
  (import "what" (component $what))
  ;;repeat 33 (instance (instantiate $what))
)
(component $one
  (core module $m (table 0 funcref) (table 0 funcref))
  (core instance (instantiate $m)))
(instance (instantiate $many (with "what" (component $one))))
