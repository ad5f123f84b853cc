;; Logs a text that lies beyond its memory.
(import "portcullis:plugin/log@0.1.0" (instance $log
  (type $levels (enum "debug" "info" "warn" "error"))
  (export "level" (type $level (eq $levels)))
  (export "write" (func (param "level" $level) (param "text" string)))))
(core func $write (canon lower (func $log "write") (memory $kit "memory")))
(core module $deed-module
  (import "host" "write" (func $write (param i32 i32 i32)))
  (func (export "do") (result i32)
    (call $write (i32.const 1) (i32.const 0xfffffff0) (i32.const 1000))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "host" (instance (export "write" (func $write))))))
