;; Waits for a moment in five hundred years.
(import "wasi:io/poll@0.2.0" (instance $poll
  (export "pollable" (type $pollable (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
  (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
(alias export $poll "pollable" (type $pollable))
(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (export "pollable" (type $waiting (eq $pollable)))
  (export "now" (func (result u64)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $waiting))))))
(core func $subscribe (canon lower (func $clock "subscribe-duration")))
(core func $block (canon lower (func $poll "[method]pollable.block")))
(core func $drop (canon resource.drop $pollable))
(core module $deed-module
  (import "wasi" "subscribe" (func $subscribe (param i64) (result i32)))
  (import "wasi" "block" (func $block (param i32)))
  (func (export "do") (result i32)
    (call $block (call $subscribe (i64.const -1)))
    (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "wasi" (instance (export "subscribe" (func $subscribe)) (export "block" (func $block))))))
