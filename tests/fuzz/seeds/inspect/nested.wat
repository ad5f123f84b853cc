;; Components within components.
(component
  (component $outer
    (component $inner
      (core module (func (loop (br 0))))
      (type $x (option string))
      (export "x" (type $x)))
    (instance (instantiate $inner)))
  (component $other
    (import "i" (instance (export "f" (func (param "p" string))))))
  (export "n" (component $other)))
