;; Has a type that is a pair of a type that is a pair of a type …, a hundred deep.
(type $t0 (tuple u8 u8))
;;repeat 100 (type $t{next} (tuple $t{this} $t{this}))
(core module $deed-module (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
