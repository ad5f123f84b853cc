;; Writes 200 MiB to its standard output, 4 KiB at a time, without a newline.
(import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
(alias export $io-error "error" (type $failure))
(import "wasi:io/streams@0.2.0" (instance $streams
  (export "output-stream" (type $output (sub resource)))
  (export "input-stream" (type $input (sub resource)))
  (export "error" (type $error (eq $failure)))
  (type $failures (variant (case "last-operation-failed" (own $error)) (case "closed")))
  (export "stream-error" (type $stream-error (eq $failures)))
  (export "[method]output-stream.write" (func (param "self" (borrow $output)) (param "contents" (list u8))
    (result (result (error $stream-error)))))))
(alias export $streams "output-stream" (type $stream))
(import "wasi:cli/stdout@0.2.0" (instance $std
  (export "output-stream" (type $stream-again (eq $stream)))
  (export "get-stdout" (func (result (own $stream-again))))))
(core func $get (canon lower (func $std "get-stdout")))
(core func $method (canon lower (func $streams "[method]output-stream.write") (memory $kit "memory")
  (realloc (func $kit "realloc"))))
(core module $deed-module
  (import "wasi" "get" (func $get (result i32)))
  (import "wasi" "method" (func $write (param i32 i32 i32 i32)))
  (func (export "do") (result i32)
    (local $stream i32) (local $left i32)
    (local.set $stream (call $get))
    (local.set $left (i32.const 51200))
    (loop $again
      (call $write (local.get $stream) (i32.const 8192) (i32.const 4096) (i32.const 128))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "wasi" (instance (export "get" (func $get)) (export "method" (func $method))))))
