;; Looks at the clock in its start function until 300 ms have passed.
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
(core func $now (canon lower (func $clock "now")))
(core module $deed-module
  (import "wasi" "now" (func $now (result i64)))
  (func $start
    (local $until i64)
    (local.set $until (i64.add (call $now) (i64.const 300000000)))
    (loop $again (br_if $again (i64.lt_u (call $now) (local.get $until)))))
  (start $start)
  (func (export "do") (result i32) (i32.const 16)))
(core instance $deed (instantiate $deed-module
  (with "wasi" (instance (export "now" (func $now))))))
