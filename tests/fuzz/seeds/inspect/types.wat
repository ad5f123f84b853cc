;; Every kind of type, in a resource's company.
(component
  (import "a:b/c@1.0.0" (instance
    (export "r" (type $r (sub resource)))
    (export "[constructor]r" (func (result (own $r))))
    (export "[method]r.m" (func (param "self" (borrow $r)) (param "n" u64)))))
  (type $tuples (list (tuple u8 char)))
  (type $variant (variant (case "a") (case "b" $tuples)))
  (type (flags "x" "y"))
  (type (enum "p" "q"))
  (type (result (list f64) (error (option bool))))
  (import "portcullis:plugin/log@0.1.0" (instance
    (type $enum (enum "debug" "info"))
    (export "level" (type $level (eq $enum)))
    (export "write" (func (param "level" $level) (param "text" string)))))
  (export "t" (type $variant)))
