;; Waits no time at all, over and over.
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
  (import "wasi" "drop" (func $drop (param i32)))
  (func (export "do") (result i32)
    (local $pollable i32)
    (loop $again
      (local.set $pollable (call $subscribe (i64.const 0)))
      (call $block (local.get $pollable))
      (call $drop (local.get $pollable))
      (br $again))
    unreachable))
(core instance $deed (instantiate $deed-module
  (with "wasi" (instance
    (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "drop" (func $drop))))))
