;; Calls the host when it is asked for room for the message, which is not allowed there.
(import "portcullis:plugin/log@0.1.0" (instance $log
  (type $levels (enum "debug" "info" "warn" "error"))
  (export "level" (type $level (eq $levels)))
  (export "write" (func (param "level" $level) (param "text" string)))))
(core func $write (canon lower (func $log "write") (memory $kit "memory")))
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "kit" "realloc" (func $good (param i32 i32 i32 i32) (result i32)))
  (import "host" "write" (func $write (param i32 i32 i32)))
  (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 16))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    ;; The message of the deed has four bytes.
    (if (i32.eq (local.get 3) (i32.const 4)) (then (call $write (i32.const 1) (i32.const 64) (i32.const 6))))
    (call $good (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance
    (export "memory" (memory $kit "memory")) (export "realloc" (func $kit "realloc"))))
  (with "host" (instance (export "write" (func $write))))))
(func $handle (param "peer" $peer) (param "message" string)
  (result (result string (error $error)))
  (canon lift (core func $deed "handle") (memory $kit "memory")
    (realloc (func $deed "realloc"))))
