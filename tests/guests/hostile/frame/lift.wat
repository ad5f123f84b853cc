;; `handle`, for a guest that has not lifted its own: a message of four bytes (`"do"`) is the deed, any other is
;; answered with the good reply.
(core module $front-module
  (import "deed" "do" (func $do (result i32)))
  (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32) (param $length i32) (result i32)
    (if (result i32) (i32.eq (local.get $length) (i32.const 4))
      (then (call $do))
      (else (i32.const 16)))))
(core instance $front (instantiate $front-module (with "deed" (instance $deed))))
(func $handle (param "peer" $peer) (param "message" string)
  (result (result string (error $error)))
  (canon lift (core func $front "handle") (memory $kit "memory") (realloc (func $kit "realloc"))))
