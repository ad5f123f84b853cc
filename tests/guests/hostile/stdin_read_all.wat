;; Reads 2^64 - 1 bytes of its standard input.
(import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
(alias export $io-error "error" (type $failure))
(import "wasi:io/streams@0.2.0" (instance $streams
  (export "output-stream" (type $output (sub resource)))
  (export "input-stream" (type $input (sub resource)))
  (export "error" (type $error (eq $failure)))
  (type $failures (variant (case "last-operation-failed" (own $error)) (case "closed")))
  (export "stream-error" (type $stream-error (eq $failures)))
  (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input)) (param "len" u64)
    (result (result (list u8) (error $stream-error)))))))
(alias export $streams "input-stream" (type $stream))
(import "wasi:cli/stdin@0.2.0" (instance $std
  (export "input-stream" (type $stream-again (eq $stream)))
  (export "get-stdin" (func (result (own $stream-again))))))
(core func $get (canon lower (func $std "get-stdin")))
(core func $method (canon lower (func $streams "[method]input-stream.blocking-read") (memory $kit "memory")
  (realloc (func $kit "realloc"))))
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (import "wasi" "get" (func $get (result i32)))
  (import "wasi" "method" (func $read (param i32 i64 i32)))
  (func (export "do") (result i32)
    (call $read (call $get) (i64.const -1) (i32.const 128))
    ;; There is none: it is closed, the second case of the error.
    (if (i32.ne (i32.load8_u (i32.const 128)) (i32.const 1)) (then unreachable))
    (if (i32.ne (i32.load8_u (i32.const 132)) (i32.const 1)) (then unreachable))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "kit" (instance $kit))
  (with "wasi" (instance (export "get" (func $get)) (export "method" (func $method))))))
