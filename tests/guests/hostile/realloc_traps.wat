;; Traps when it is asked for room for the message.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "kit" "realloc" (func $good (param i32 i32 i32 i32) (result i32)))
  (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    ;; The message of the deed has four bytes.
    (if (i32.eq (local.get 3) (i32.const 4)) (then unreachable))
    (call $good (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance
    (export "memory" (memory $kit "memory")) (export "realloc" (func $kit "realloc"))))))
(func $handle (param "peer" $peer) (param "message" string)
  (result (result string (error $error)))
  (canon lift (core func $deed "handle") (memory $kit "memory")
    (realloc (func $deed "realloc"))))
