;; Makes 66 core instances beside its own of a module that is handed around: only starting it shows how many.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
(component $many
  (import "what" (component $what))
  ;;repeat 66 (instance (instantiate $what))
)
(component $one
  (core module $m)
  (core instance (instantiate $m)))
(instance (instantiate $many (with "what" (component $one))))
