;; Answers with an error value whose message is not UTF-8.
(core module $deed-module
  (import "kit" "memory" (memory 1))
  (data (i32.const 128) "\01\00\00\00\a0\00\00\00\01\00\00\00\a1\00\00\00\02\00\00\00")
  (data (i32.const 160) "a\ff\fe")
  (func (export "do") (result i32) (i32.const 128)))
(core instance $deed (instantiate $deed-module (with "kit" (instance $kit))))
