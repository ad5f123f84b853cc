;; Has a type that is a list of a type that is a list of a type …, ten thousand deep.
(type $t0 (list u8))
;;repeat 10000 (type $t{next} (list $t{this}))
(core module $deed-module (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module))
