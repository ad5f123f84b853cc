;; Asks for 2^64 - 1 random bytes.
(import "wasi:random/random@0.2.0" (instance $random
  (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
(core func $bytes (canon lower (func $random "get-random-bytes")
  (memory $kit "memory") (realloc (func $kit "realloc"))))
(core module $deed-module
  (import "wasi" "bytes" (func $bytes (param i64 i32)))
  (func (export "do") (result i32)
    (call $bytes (i64.const -1) (i32.const 128))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "wasi" (instance (export "bytes" (func $bytes))))))
