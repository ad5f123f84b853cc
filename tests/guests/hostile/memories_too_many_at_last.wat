;; Makes seventeen memories, with that of the kit eighteen, by a component that is handed around.
(core module $deed-module
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
(component $many
  (import "what" (component $what))
  ;;repeat 17 (instance (instantiate $what))
)
(component $one
  (core module $m (memory 0))
  (core instance (instantiate $m)))
(instance (instantiate $many (with "what" (component $one))))
