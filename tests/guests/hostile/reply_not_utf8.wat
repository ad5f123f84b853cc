;; Replies with a JSON string of bytes that are not UTF-8.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (data (i32.const 128) "\00\00\00\00\90\00\00\00\04\00\00\00")
  (data (i32.const 144) "\22\ff\fe\22")
  (func (export "do") (result i32) (i32.const 128)))
(core instance $deed (instantiate $deed-module (with "kit" (instance $kit))))
