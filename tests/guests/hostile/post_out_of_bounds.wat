;; Posts a text that lies beyond its memory.
(import "portcullis:plugin/port@0.1.0" (instance $port
  (type $why (record (field "code" string) (field "message" string)))
  (export "post-error" (type $post-error (eq $why)))
  (export "post" (func (param "json" string) (result (result (error $post-error)))))))
(core func $post (canon lower (func $port "post")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "host" "post" (func $post (param i32 i32 i32)))
  (func (export "do") (result i32)
    (call $post (i32.const 0xfffffff0) (i32.const 1000) (i32.const 128))
    ;; It must have been refused.
    (if (i32.ne (i32.load8_u (i32.const 128)) (i32.const 1)) (then unreachable))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance $kit))
  (with "host" (instance (export "post" (func $post))))))
