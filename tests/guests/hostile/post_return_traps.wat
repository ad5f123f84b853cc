;; Traps when its reply has been taken.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "kit" "realloc" (func $good (param i32 i32 i32 i32) (result i32)))
  (global $deed (mut i32) (i32.const 0))
  (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32) (param $length i32) (result i32)
    (global.set $deed (i32.eq (local.get $length) (i32.const 4)))
    (i32.const 16))
  (func (export "post-return") (param i32)
    (if (global.get $deed) (then unreachable)))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (call $good (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance
    (export "memory" (memory $kit "memory")) (export "realloc" (func $kit "realloc"))))))
(func $handle (param "peer" $peer) (param "message" string)
  (result (result string (error $error)))
  (canon lift (core func $deed "handle") (memory $kit "memory")
    (realloc (func $deed "realloc"))
    (post-return (func $deed "post-return"))))
